"""Data files as programs work with them: each a variable of its own, with whose entries name those of which other.

A program that uses such a variable gets the line that reads it: `hives = {one["id"]: one for one in json.load(…)}`.
"""

from __future__ import annotations

import ast
import builtins
import csv
import json
import keyword
import re
import sys
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias, cast

from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.shapes import reading_of
from punie_acp.codemode.source import parsed
from punie_acp.codemode.table import KEY, Row, Table, without_key

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

_LEAST = 2  # names that both have
_SHARE = 0.6  # of the names in one file, so many have to be in the other: what is missing may be what is looked for
_MOST_COLUMNS = 30
_RESERVED = frozenset({*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *sys.stdlib_module_names, *FUNCTIONS})
_Rows: TypeAlias = list[Row]


def tables_of(files: Mapping[str, str]) -> tuple[Table, ...]:
    """Those of `files`, texts by their paths, that are tables: rows of CSV, and lists or dictionaries of objects."""
    found = {path: rows for path, text in files.items() if (rows := _rows_of(path, text))}
    names = _variables(found)
    links = list(_all_links({path: found[path] for path in names}))
    keys = {path: _key_of(found[path], [key for _, _, other, key in links if other == path]) for path in names}
    return tuple(
        replace(
            _table(name, path, found[path], keys[path]),
            links=tuple(
                (column, names[other]) for one, column, other, key in links if one == path and key == keys[other]
            ),
        )
        for path, name in names.items()
    )


def folder_table(folder: str, count: int, first: str) -> Table | None:
    """What programs have of a folder with `count` JSON files that are an object each; `first` is the text of one."""
    try:
        entry: object = json.loads(first)
    except (ValueError, RecursionError):
        return None
    names = _variables([folder])
    if not isinstance(entry, dict) or not names:
        return None
    row = {"path": f"{folder}/….json", **cast("dict[str, object]", entry)}
    reading = f'[{{"path": path, **json.load(open(path))}} for path in list_files("{folder}/*.json")]'
    return Table(names[folder], f"{folder}/*.json", reading, count, row, columns=frozenset(row))


def told_of(tables: tuple[Table, ...]) -> tuple[list[str], list[str]]:
    """The lines of Python that read them (of long ones only what they give), and a line for each link between them."""
    links = [
        f'"{column}" of an entry of {one.name} is a key of {other}' for one in tables for column, other in one.links
    ]
    return [one.told for one in tables], links


def with_tables(code: str, tables: tuple[Table, ...], own: Container[str] = ()) -> str:
    """`code` behind the lines that read those of `tables` that it uses, but for names in `own` and those it binds."""
    tree = parsed(code)
    used = [one for one in tables if tree and one.name not in own and _is_used(one.name, tree.body)]
    used = _with_what_they_need(used, tables, own)
    modules = [module for module in ("csv", "json") if any(f"{module}." in one.reading for one in used)]
    imports = [f"import {', '.join(modules)}"] if modules else []
    return "\n".join([*imports, *(f"{one.statement}  # {one.path}" for one in used), code])


def _with_what_they_need(used: Sequence[Table], tables: Sequence[Table], own: Container[str]) -> list[Table]:
    """`used`, and the tables that their columns come from. Without such columns where a program has bound its own."""
    needed = {one.name for one in used}
    for one in reversed(tables):
        needed |= set(one.needs) if one.name in needed else set[str]()
    chosen = [one for one in tables if one.name in needed]
    if any(one.name in own for one in chosen):
        return [replace(one, join="") for one in used]
    return chosen


def _is_used(name: str, body: list[ast.stmt]) -> bool:
    """Whether the first statement that has `name` reads it."""
    for statement in body:
        uses = [type(one.ctx) for one in ast.walk(statement) if isinstance(one, ast.Name) and one.id == name]
        if uses:
            return ast.Load in uses
    return False


def _variables(paths: Iterable[str]) -> dict[str, str]:
    """A variable for each path, named after the file; none where that cannot be."""
    names: dict[str, str] = {}
    for path in paths:
        *_, folder, stem = ("", *(re.sub(r"\W", "_", part) for part in PurePosixPath(path).with_suffix("").parts))
        for name in (stem, f"{folder}_{stem}" if folder else f"{stem}_data"):
            if name.isidentifier() and name not in _RESERVED and name not in names.values():
                names[path] = name
                break
    return names


def _key_of(rows: _Rows, keys: Sequence[str]) -> str | None:
    """By which column a file is a dictionary: its own keys, else one of `keys`, by which others name its entries."""
    if KEY in rows[0]:
        return KEY
    return "id" if "id" in keys else next(iter(keys), None)


def _table(name: str, path: str, rows: _Rows, by: str | None) -> Table:
    """`by`: the column by which it is a dictionary."""
    reading = _converted(path, rows) if path.endswith((".csv", ".tsv")) else reading_of(path)
    columns = frozenset(column for row in rows for column in row if column != KEY)
    entries = {} if by is None else {str(row[by]): without_key(row) for row in rows}
    return Table(name, path, reading, len(rows), rows[0], by, columns, entries=entries)


def _converted(path: str, rows: _Rows) -> str:
    """How CSV is read: columns of numbers as such."""
    numbers = {column: type(value).__name__ for column, value in rows[0].items() if not isinstance(value, str)}
    if not numbers:
        return f"list({reading_of(path)})"
    pairs = ", ".join(f'"{column}": {kind}(row["{column}"])' for column, kind in numbers.items())
    return f"[{{**row, {pairs}}} for row in {reading_of(path)}]"


def _rows_of(path: str, text: str) -> _Rows:
    """The entries of a table, those of a dictionary with their keys; none where a file is no table."""
    try:
        if path.endswith((".csv", ".tsv")):
            return _csv_rows(text, "\t" if path.endswith(".tsv") else ",")
        value: object = json.loads(text) if path.endswith(".json") else []
        if path.endswith(".jsonl"):
            value = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError, csv.Error):
        return []
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        rows = _objects([*entries.values()], _LEAST)
        return [{KEY: key, **row} for key, row in zip(entries, rows, strict=False)]
    return _objects(cast("list[object]", value), 1) if isinstance(value, list) else []


def _objects(values: Sequence[object], least: int) -> _Rows:
    """`values` where all of them are objects and there are enough."""
    rows = [cast("dict[str, object]", one) for one in values if isinstance(one, dict)]
    return rows if len(rows) == len(values) >= least else []


def _csv_rows(text: str, delimiter: str) -> _Rows:
    rows = [dict(row) for row in csv.DictReader(text.splitlines(), delimiter=delimiter)]
    if not rows or any(None in row or None in row.values() for row in rows):
        return []  # rows of different lengths
    kinds = {column: _kind([row[column] for row in rows]) for column in rows[0]}
    return [{column: kinds[column](value) for column, value in row.items()} for row in rows]


def _kind(values: list[str]) -> type[str | int | float]:
    """What all of `values` are. An id such as `007` is no number."""
    for kind, form in ((int, r"-?(?:0|[1-9]\d{0,15})"), (float, r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?")):
        if all(re.fullmatch(form, value) for value in values):
            return kind
    return str


def _all_links(tables: Mapping[str, _Rows]) -> Iterator[tuple[str, str, str, str]]:
    """A path, a column of it, the path that has an entry of that name, and by which column there."""
    named = {path: _names(rows) for path, rows in tables.items()}
    for path, columns in named.items():
        for other, others in named.items():
            if path != other:
                yield from ((path, column, other, key) for column, key in _links(columns, others, other))


def _names(rows: _Rows) -> dict[str, list[str]]:
    """The values of each column that may name an entry of another table, as texts."""
    columns = list(dict.fromkeys(column for row in rows for column in row))[:_MOST_COLUMNS]
    return {column: [str(row[column]) for row in rows if _is_name(row.get(column))] for column in columns}


def _links(columns: Mapping[str, list[str]], others: Mapping[str, list[str]], other: str) -> Iterator[tuple[str, str]]:
    """The columns that name an entry of the other table, each with the column there that it is the value of."""
    for column, values in columns.items():
        names = set(values)
        for key, keys in others.items():
            known = set(keys)
            is_key = len(known) == len(keys) and column != KEY
            enough = len(names & known) >= max(_LEAST, _SHARE * len(names))
            if is_key and enough and _may_link(column, key, names, other):
                yield column, key
                break


def _may_link(column: str, key: str, names: set[str], other: str) -> bool:
    """Whether equal values mean anything: numbers are equal by chance, so for these the names have to fit too."""
    if not all(re.fullmatch(r"-?[\d.]+", name) for name in names):
        return True
    return column == key or PurePosixPath(other).stem.startswith(column.removesuffix("_id"))


def _is_name(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""
