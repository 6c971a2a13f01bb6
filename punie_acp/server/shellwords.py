"""What of a command line a rule may go by: its words, where it is one plain command, and those that say what it does.

This only says yes where it is sure. A line is plain where a POSIX shell would do nothing but split it into words: every
character outside of quotes is one of a short list, and what stands in quotes means itself. All else (an operator, an
expansion, a glob, an escape, a control character, an open quote) makes it compound, and a compound line has no first
words.
"""

from __future__ import annotations

import re

from punie_acp.server.programs import program_name, programs

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,=")
"""Outside of quotes no shell gives these a meaning of their own, but for `=` in what stands before a program."""

_ACTIVE_IN_DOUBLE_QUOTES = frozenset('$`\\!"')
_PROGRAM = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./+-]*")
_SUBCOMMAND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_PYTHON = re.compile(r"(python|pypy)[0-9.]*")


def simple_words(line: str) -> tuple[str, ...] | None:
    """The words of `line` where it is one plain command, else None."""
    if not line.isprintable():  # line ends, control characters, and what makes a text look other than it is
        return None
    words: list[str] = []
    word: str | None = None
    place = 0
    while place < len(line):
        char = line[place]
        if char == " ":
            words += [] if word is None else [word]
            word = None
        elif char in PLAIN:
            word = (word or "") + char
        else:
            inside = _quoted(line, place)
            if inside is None:
                return None
            word = (word or "") + inside
            place += len(inside) + 1
        place += 1
    words += [] if word is None else [word]
    return tuple(words) if words and words[0] else None


def _quoted(line: str, place: int) -> str | None:
    """What stands in the quotes that open at `place`; None where none do, or where a shell would look into them."""
    quote = line[place]
    end = line.find(quote, place + 1) if quote in "'\"" else -1
    inside = line[place + 1 : end]
    if end < 0 or (quote == '"' and set(inside) & _ACTIVE_IN_DOUBLE_QUOTES):
        return None
    return inside


def first_words(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The words that say what the plain command `words` does: `pytest`, `git status`, `npm run test`.

    None where they do not: an interpreter, something that runs its arguments, a variable in front, a subcommand that is
    no plain word.
    """
    known, name = programs(), program_name(words[0])
    if not _PROGRAM.fullmatch(words[0]):
        return None
    if _PYTHON.fullmatch(name):
        return _module(words)
    if name in known.never or name.startswith(("python", "pypy", "ld-")):
        return None
    return _subcommand(name, words) if name in known.subcommands else words[:1]


def executes(words: tuple[str, ...]) -> bool:
    """Whether an option of a plain command has it run or write something that its first words do not name."""
    names = {program_name(word) for word in words[:3]}  # `uv run fd -x …`
    return any(_is_executing(name, word) for word in words[1:] for name in names)


def _module(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """`python -m pytest`: what the module is given counts as for the program of its name."""
    if len(words) < 3 or words[1] != "-m" or not _MODULE.fullmatch(words[2]):
        return None
    if words[2].split(".", maxsplit=1)[0] in programs().never_modules:
        return None
    inner = first_words(words[2:])
    return None if inner is None else (*words[:2], *inner)


def _subcommand(name: str, words: tuple[str, ...]) -> tuple[str, ...] | None:
    known = programs()
    if len(words) < 2 or not _SUBCOMMAND.fullmatch(words[1]):
        return None
    pair = f"{name}:{words[1]}"
    if pair in known.runners:
        inner = first_words(words[2:]) if len(words) > 2 else None
        return None if inner is None else (*words[:2], *inner)
    if pair in known.never_subcommands:
        return None
    if pair in known.scripts:
        return words[:3] if len(words) > 2 and _SUBCOMMAND.fullmatch(words[2]) else None
    return words[:2]


def _is_executing(name: str, word: str) -> bool:
    known = programs()
    if name in ("make", "just", "task") and "=" in word:
        return True  # a variable, which may be the shell that it uses
    if name == "go":
        return word.startswith("-") and word.lstrip("-").split("=", maxsplit=1)[0] in known.executing_go
    if word.startswith("--"):
        given = word.split("=", maxsplit=1)[0]
        return len(given) > 3 and any(option.startswith(given) for option in known.executing)
    letters = known.executing_letters.get(name, frozenset[str]())
    return word.startswith("-") and not letters.isdisjoint(word[1:])
