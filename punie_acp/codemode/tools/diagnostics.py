"""What linters and type checkers print, as diagnostics. Pure: text in, values out. Paths stay as they were printed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypedDict, cast

from punie_acp.codemode.tools.values import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MYPY = re.compile(
    r"(?P<path>[^:\n]+):(?P<line>\d+)(?::(?P<column>\d+))?: error: (?P<message>.*?)(?:  \[(?P<code>[\w-]+)\])?"
)
_TY = re.compile(
    r"(?P<path>[^:\n]+):(?P<line>\d+):(?P<column>\d+): (?:error|warning)\[(?P<code>[\w-]+)\] (?P<message>.*)"
)


class _Place(TypedDict):
    row: int
    column: int


class _Ruff(TypedDict):
    """One finding of `ruff check --output-format json` (the fields that are used)."""

    filename: str
    location: _Place
    code: str | None
    message: str


class _Start(TypedDict):
    line: int
    character: int


class _Range(TypedDict):
    start: _Start


class _Pyright(TypedDict, total=False):
    """One finding of `pyright --outputjson` (the fields that are used). Lines and characters are counted from 0."""

    file: str
    severity: str
    message: str
    range: _Range
    rule: str


def ruff(output: str) -> list[Diagnostic]:
    """Raises `ValueError` for what is no complete JSON."""
    return [
        Diagnostic(
            one["filename"], one["location"]["row"], one["location"]["column"], one["code"] or "", one["message"]
        )
        for one in cast("list[_Ruff]", _json(output, "["))
    ]


def pyright(output: str) -> list[Diagnostic]:
    """Errors and warnings. Raises `ValueError` for what is no complete JSON."""
    report = cast("Mapping[str, list[_Pyright]]", _json(output, "{"))
    found = [one for one in report.get("generalDiagnostics", []) if one.get("severity") in {"error", "warning"}]
    return [_of_pyright(one) for one in found]


def _of_pyright(one: _Pyright) -> Diagnostic:
    start = one.get("range", {"start": {"line": 0, "character": 0}})["start"]
    message = one.get("message", "").replace("\xa0", " ")
    return Diagnostic(one.get("file", ""), start["line"] + 1, start["character"] + 1, one.get("rule", ""), message)


def mypy(output: str) -> list[Diagnostic]:
    """The errors in mypy's text; its notes belong to none of their own."""
    return _of_lines(output, _MYPY)


def ty(output: str) -> list[Diagnostic]:
    """The findings in ty's concise text."""
    return _of_lines(output, _TY)


def _of_lines(output: str, pattern: re.Pattern[str]) -> list[Diagnostic]:
    found = (pattern.fullmatch(line.rstrip()) for line in output.splitlines())
    return [
        Diagnostic(one["path"], int(one["line"]), int(one["column"] or 1), one["code"] or "", one["message"])
        for one in found
        if one is not None
    ]


def _json(output: str, opening: str) -> object:
    """The JSON in `output`, where a terminal may have put warnings before it."""
    starts = [match.start() for match in re.finditer(rf"^{re.escape(opening)}", output, re.MULTILINE)]
    for start in starts:
        try:
            return json.JSONDecoder().raw_decode(output, start)[0]
        except ValueError:
            continue
    raise ValueError("no complete JSON")


READERS: dict[str, Callable[[str], list[Diagnostic]]] = {
    "ruff": ruff,
    "pyright": pyright,
    "basedpyright": pyright,
    "mypy": mypy,
    "ty": ty,
}
OPTIONS: dict[str, tuple[str, ...]] = {
    "ruff": ("check", "--output-format", "json"),
    "pyright": ("--outputjson",),
    "basedpyright": ("--outputjson",),
    "mypy": ("--no-pretty", "--no-error-summary", "--show-column-numbers", "--show-error-codes", "--no-color-output"),
    "ty": ("check", "--output-format", "concise", "--color", "never"),
}
"""How each is asked to print what its reader reads."""
