"""What files look like, in a line each: for a program that took them for something else, or found nothing there."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATA_FILES = (".json", ".jsonl", ".csv", ".tsv")
_READING = {
    ".json": 'json.load(open("{path}"))',
    ".jsonl": '[json.loads(line) for line in open("{path}")]',
    ".csv": 'csv.DictReader(open("{path}"))',
    ".tsv": 'csv.DictReader(open("{path}"), delimiter="\\t")',
}
_MOST_TEXT = 2_000_000  # characters of a data file; what is longer is not looked at
_MOST_FILES = 4
_MOST_TEXTS = 1  # other files: they tell less
_MOST_KEYS = 12
_MOST_LINE = 400  # characters
_MOST_LINES = 6
_MOST_BEGINNING = 240  # characters
_MOST_ITEMS = 4  # of a list that is shown whole: a pair, a row
_MOST_ROW = 60  # characters
_DEPTH = 3
_NOTHING = re.compile(r"(?:[^\n]*[:=]\s*)?(?:None|0|0\.0|False|\[\]|\(\)|\{\}|set\(\)|'')?")


def worth_a_look(path: str, text: str) -> str:
    """As much of a file's text as `shapes_of` needs."""
    if path.endswith(_DATA_FILES):
        return text if len(text) <= _MOST_TEXT else ""
    return text[:_MOST_LINE]


def found_nothing(output: str, value: str | None) -> bool:
    """Whether what a program printed, or gave as its value, is nothing at all, or says no more than that."""
    return _NOTHING.fullmatch(output.strip() or (value or "").strip()) is not None


def shapes_of(files: Mapping[str, str]) -> tuple[str, ...]:
    """A line for each of the last few data files: its path and its shape, with examples of values.

    Where there are none, how the last other file begins.
    """
    data = [(path, text) for path, text in files.items() if path.endswith(_DATA_FILES)][-_MOST_FILES:]
    others = [(path, text) for path, text in files.items() if not path.endswith(_DATA_FILES)][-_MOST_TEXTS:]
    shapes = [(path, _shape(path, text)) for path, text in data] or [(path, _beginning(text)) for path, text in others]
    return tuple(f"{path}: {shape}"[:_MOST_LINE] for path, shape in shapes if shape)


def shape_of(path: str, text: str) -> str:
    """What a data file holds, in a line with its path and how to read it; "" for other files, and for broken data."""
    reading = reading_of(path)
    shape = _shape(path, text) if reading and len(text) <= _MOST_TEXT else None
    return f"{reading} gives {shape}"[:_MOST_LINE] if shape else ""


def reading_of(path: str) -> str:
    """How a program reads a data file; "" for other files."""
    return next((how.format(path=path) for end, how in _READING.items() if path.endswith(end)), "")


def _beginning(text: str) -> str:
    """The first lines of a text, on one."""
    lines = [line for line in text.splitlines() if line.strip()][:_MOST_LINES]
    return f"begins {chr(10).join(lines)[:_MOST_BEGINNING]!r}" if lines else ""


def _shape(path: str, text: str) -> str | None:
    try:
        if path.endswith(".json"):
            return described(json.loads(text))
        lines = [line for line in text.splitlines() if line.strip()]
        if path.endswith(".jsonl"):
            return f"{len(lines)} lines such as {described(json.loads(lines[0]))}"
        columns, row = csv.reader(lines[:2], delimiter="\t" if path.endswith(".tsv") else ",")
        return f"{len(lines) - 1} rows such as {dict(zip(columns, row, strict=False))}"
    except (ValueError, IndexError, RecursionError, csv.Error):
        return None


def described(value: object, depth: int = 0) -> str:
    """`value` as JSON would have it in Python, with one item of a list, and of many equal entries one."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        if 1 < len(items) <= _MOST_ITEMS and not any(isinstance(one, list | dict) for one in items):
            return repr(items) if len(repr(items)) <= _MOST_ROW else f"list of {len(items)}, such as {items[0]!r:.40}"
        return f"list of {len(items)}, such as {described(items[0], depth + 1)}" if items else "an empty list"
    if isinstance(value, dict):
        return _entries(cast("dict[str, object]", value), depth)
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…'"


def _entries(entries: dict[str, object], depth: int) -> str:
    if depth >= _DEPTH:
        return "{…}" if entries else "{}"
    shown = list(entries.items())[:_MOST_KEYS]
    if len(entries) > 2 and all(isinstance(value, dict | list) for value in entries.values()):  # one tells of all
        shown = shown[:1]
    text = ", ".join(f"{key!r}: {described(value, depth + 1)}" for key, value in shown)
    left = len(entries) - len(shown)
    return f"{{{text}, … {left} more}}" if left else f"{{{text}}}"
