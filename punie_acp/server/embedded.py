"""What the small languages of sed, vi and sqlite3 have a command run and write, where their text stands in its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_VI = ("vi", "vim", "nvim", "ex", "view", "vimdiff", "gvim", "rvim")
_DATABASES = ("sqlite3", "duckdb")

_SED_ADDRESS = re.compile(
    r"(?:[\s;{},!~+\d$]|/(?:\\.|[^/\\\n])*/[IM]*|\\(?P<by>[^\n])(?:\\.|(?!(?P=by))[^\\])*(?P=by)[IM]*)*", re.DOTALL
)
_SED_REPLACED = re.compile(r"(?P<by>[^\n\\])(?:(?:\\.|(?!(?P=by))[^\\])*(?P=by)){2}", re.DOTALL)
_SED_FLAGS = re.compile(r"[gpiImMe\d]*")
_SED_LINE = re.compile(r"(?:\\.|[^\n\\])*", re.DOTALL)
_SED_SHORT = re.compile(r"[^;}\n]*")
_VI_WRITE = re.compile(
    r"(?:^|[|:]|\b(?:silent|sil)!?\s)\s*(?:[\d,.$%]*\s*)(?:w|wr|wri|writ|write|wq|x|sav|saveas|up|update|redir)!?\s*(?:>>?\s*)?"
    r"([^\s|>!][^\s|]*)"
)
_VI_CODE = re.compile(
    r"\b(?:system|systemlist|writefile|delete|jobstart|job_start|termopen)\s*\(|\b(?:py|py3|python3?|lua|perl|ruby)\s"
)
_SQL_RUNS = re.compile(r"\.(?:shell|system)\s+([^\n]+)")
_SQL_WRITES = re.compile(
    r"\.(?:output|once|backup|save|clone|log|excel)\s+(?:main\s+)?[\"']?([^\s\"']+)"
    r"|\b(?:attach(?:\s+database)?|vacuum\s+into)\s+[\"']([^\"']+)|\b(?:writefile|edit)\s*\(\s*'([^']+)'",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Embedded:
    """One thing that such a text has done: exactly one of these is there."""

    command: str = ""  # of a shell
    file: str = ""  # written
    code: str = ""  # of an interpreter
    unknown: str = ""  # runs what is only known then


def embedded_in(name: str, arguments: Sequence[str]) -> Iterator[Embedded]:
    """What the `arguments` of program `name` have it do beside its own work; nothing for other programs."""
    reader = _reader(name)
    if reader is not None:
        for argument in arguments:
            yield from reader(argument)


def _reader(name: str) -> Callable[[str], Iterator[Embedded]] | None:
    if name in ("sed", "gsed"):
        return _of_sed
    if name in _VI:
        return _of_vi
    return _of_database if name in _DATABASES else None


def _of_sed(script: str) -> Iterator[Embedded]:
    """`w file`, `e command`, `s/…/…/w file`, `s/…/…/e`; a word that is no script has hardly any of it."""
    script = re.sub(r"^-[nErsuz]*e|^--expression=", "", script)
    place = _end(_SED_ADDRESS, script, 0)
    while place < len(script):
        letter, place = script[place], place + 1
        flags = ""
        if letter in "sy":
            place = _end(_SED_REPLACED, script, place)
            end = _end(_SED_FLAGS, script, place)
            flags, place = script[place:end], end
        writes = letter in "wW" or (letter == "s" and script[place : place + 1] == "w")
        whole = writes or letter in "aicrRe"
        end = _end(_SED_LINE if whole else _SED_SHORT, script, place)
        rest = script[place + (letter == "s") : end].strip() if writes else script[place:end].strip()
        if writes and rest:
            yield Embedded(file=rest)
        if "e" in flags or (letter == "e" and not rest):
            yield Embedded(unknown=script)
        elif letter == "e":
            yield Embedded(command=rest)
        place = _end(_SED_ADDRESS, script, end)


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    """Where what `pattern` finds at `place` ends: there, if that is nothing."""
    found = pattern.match(text, place)
    return found.end() if found else place


def _of_vi(argument: str) -> Iterator[Embedded]:
    """`+!command`, `-c '%!command'`, `-c 'w file'`, `--cmd …`, `-c 'call system(…)'`."""
    text = re.sub(r"^(\+|-c|--cmd=)", "", argument)
    _, bang, command = text.partition("!")
    if bang and command.strip():
        yield Embedded(command=command.strip())
    for found in _VI_WRITE.finditer(text):
        yield Embedded(file=found[1])
    if _VI_CODE.search(text):
        yield Embedded(code=text)


def _of_database(text: str) -> Iterator[Embedded]:
    """`.shell command`, `.output file`, `ATTACH 'file'`."""
    for found in _SQL_RUNS.finditer(text):
        yield Embedded(command=found[1])
    for found in _SQL_WRITES.finditer(text):
        yield Embedded(file=found[1] or found[2] or found[3])
