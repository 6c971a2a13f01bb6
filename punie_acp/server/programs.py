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
    wrappers: Mapping[str, frozenset[str]]
    interpreters: Mapping[str, frozenset[str]]
    danger: Mapping[str, tuple[DangerousWords, ...]]  # by program


@cache
def programs() -> Programs:
    """The tables."""
    table = tomllib.loads(Path(__file__).with_name("programs.toml").read_text(encoding="utf-8"))
    sets = {name: frozenset(text.split()) for name, text in table.items() if isinstance(text, str)}
    letters = cast("dict[str, str]", table["executing_letters"])
    maps: dict[str, Any] = {
        "executing_letters": {program: frozenset(text) for program, text in letters.items()},
        "wrappers": _sets(table["wrappers"]),
        "interpreters": _sets(table["interpreters"]),
        "danger": _dangerous(table["danger"]),
    }
    return Programs(**sets, **maps)


def program_name(word: str) -> str:
    """`/usr/bin/git` is `git`. In lower case, because there are disks on which `RM` is `rm`."""
    return (PurePosixPath(word).name or word).lower()


def _sets(table: dict[str, str]) -> dict[str, frozenset[str]]:
    return {name: frozenset(text.split()) for name, text in table.items()}


def _dangerous(table: dict[str, list[str]]) -> dict[str, tuple[DangerousWords, ...]]:
    found: dict[str, tuple[DangerousWords, ...]] = {}
    for reason, entries in table.items():
        for entry in entries:
            words, _, options = entry.partition(": ")
            program, *begins = words.split()
            found[program] = (*found.get(program, ()), DangerousWords(tuple(begins), tuple(options.split()), reason))
    return found
