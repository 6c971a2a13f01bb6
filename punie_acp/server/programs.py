"""What is known of command-line programs: `programs.toml`, read when first needed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Mapping


class DangerousWords(NamedTuple):
    """What follows a program's name in a dangerous command; without options, all that begins like that is."""

    begins: tuple[str, ...]
    options: tuple[str, ...]
    reason: str


class Wrapper(NamedTuple):
    """How a program runs the rest of its arguments as a command."""

    begins: tuple[str, ...]  # behind the program's name
    options: frozenset[str]  # those with an argument of their own
    before: int  # how many words stand before the command


class Outputs(NamedTuple):
    """What a program writes to."""

    begins: tuple[str, ...]  # behind the program's name
    options: frozenset[str]  # whose arguments it writes to
    places: frozenset[str]  # of the words that are no options: FIRST, SECOND, LAST, ALL


@dataclass(frozen=True, slots=True)
class Programs:
    """The tables of `programs.toml`. A pair is `program:subcommand`."""

    subcommands: frozenset[str]
    scripts: frozenset[str]  # pairs
    runners: frozenset[str]  # pairs
    never: frozenset[str]
    never_subcommands: frozenset[str]  # pairs
    never_modules: frozenset[str]
    executing: frozenset[str]
    executing_go: frozenset[str]
    executing_letters: Mapping[str, frozenset[str]]
    wrappers: Mapping[str, tuple[Wrapper, ...]]  # by program
    interpreters: Mapping[str, frozenset[str]]
    danger: Mapping[str, tuple[DangerousWords, ...]]  # by program
    outputs: Mapping[str, tuple[Outputs, ...]]  # by program


@cache
def programs() -> Programs:
    """The tables."""
    table = tomllib.loads(Path(__file__).with_name("programs.toml").read_text(encoding="utf-8"))
    sets = {name: frozenset(text.split()) for name, text in table.items() if isinstance(text, str)}
    letters = cast("dict[str, str]", table["executing_letters"])
    maps: dict[str, Any] = {
        "executing_letters": {program: frozenset(text) for program, text in letters.items()},
        "wrappers": _wrappers(table["wrappers"]),
        "interpreters": _sets(table["interpreters"]),
        "danger": _dangerous(table["danger"]),
        "outputs": _outputs(table["outputs"]),
    }
    return Programs(**sets, **maps)


def program_name(word: str) -> str:
    """`/usr/bin/git` is `git`. In lower case, because there are disks on which `RM` is `rm`."""
    return (PurePosixPath(word).name or word).lower()


def _sets(table: dict[str, str]) -> dict[str, frozenset[str]]:
    return {name: frozenset(text.split()) for name, text in table.items()}


def _wrappers(table: dict[str, str]) -> dict[str, tuple[Wrapper, ...]]:
    found: dict[str, tuple[Wrapper, ...]] = {}
    for key, text in table.items():
        (program, *begins), (options, places) = key.split(), _told_apart(text)
        found[program] = (*found.get(program, ()), Wrapper(tuple(begins), options, len(places)))
    return found


def _outputs(table: dict[str, str]) -> dict[str, tuple[Outputs, ...]]:
    found: dict[str, tuple[Outputs, ...]] = {}
    for key, text in table.items():
        (program, *begins), (options, places) = key.split(), _told_apart(text)
        found[program] = (*found.get(program, ()), Outputs(tuple(begins), options, places))
    return found


def _told_apart(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Options, and words in capitals."""
    words = text.split()
    options = frozenset(word for word in words if word.startswith("-"))
    return options, frozenset(word for word in words if word not in options)


def _dangerous(table: dict[str, list[str]]) -> dict[str, tuple[DangerousWords, ...]]:
    found: dict[str, tuple[DangerousWords, ...]] = {}
    for reason, entries in table.items():
        for entry in entries:
            words, _, options = entry.partition(": ")
            program, *begins = words.split()
            found[program] = (*found.get(program, ()), DangerousWords(tuple(begins), tuple(options.split()), reason))
    return found
