"""What to tell who has taken data at hand for something else than it is, or has found no more than a key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.codemode.shapes import described

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punie_acp.codemode.events import ProgramError
    from punie_acp.codemode.table import Table

_MOST_OUTPUT = 200  # characters that may be keys; a longer output has more in it
_MOST_ENTRIES = 3


@dataclass(frozen=True, slots=True)
class TableHint:
    """What is said of an error, and the program without it; either is "" where that is not known."""

    told: str = ""
    program: str = ""


def table_hint(error: ProgramError, code: str, tables: tuple[Table, ...]) -> TableHint:
    """What a program took for something else: an entry for one of another table, or a key for its entry."""
    if missing := re.match(r"KeyError: '?([^'\n]+)'?$", error.message):
        return _where_it_is(missing[1], error.excerpt, code, tables)
    return _key_taken_for_entry(code, tables) if "string indices must be" in error.message else TableHint()


def entries_named(output: str, question: str, tables: tuple[Table, ...]) -> list[str]:
    """The entries whose keys are all that a program has printed, or what `question` asks of them."""
    words = dict.fromkeys(re.findall(r"[\w.-]+", output)) if len(output) <= _MOST_OUTPUT else ()
    names = [word for word in words if not word.isdigit()]
    found = [(table.name, word, table.entries[word]) for word in names for table in tables if word in table.entries]
    return [_told_of_entry(*one, question) for one in found[:_MOST_ENTRIES]]


def _told_of_entry(table: str, key: str, entry: Mapping[str, object], question: str) -> str:
    asked = {name: value for name, value in entry.items() if re.search(rf"\b{re.escape(name)}s?\b", question)}
    facts = " and ".join(f"the {name} of {key} is {described(value)}" for name, value in asked.items())
    return f"{facts[0].upper()}{facts[1:]}." if facts else f"{table}[{key!r}] is {described(entry)}"


def _where_it_is(column: str, excerpt: str, code: str, tables: tuple[Table, ...]) -> TableHint:
    """Which table has the key that an entry of another one lacked, and the program that gets it there."""
    having = [one for one in tables if column in one.columns]
    if len(having) != 1:
        return TableHint()
    target = having[0]
    told = f'Entries of {target.name} have "{column}"'
    links = [(one.name, link) for one in tables for link, name in one.links if name == target.name]
    taken = re.search(rf"(\w+)\[[\"']{re.escape(column)}[\"']\]", excerpt)
    if taken is not None and not links and (sum_of := _sum_of_those(column, taken[1], target, tables, code)):
        return TableHint(f"{told}, any number of them for one of the others", code.replace(taken[0], sum_of))
    if taken is None or len(links) != 1:
        return TableHint(f'{told}: for one in {_entries(target)}: one["{column}"]')
    ((source, link),) = links
    as_joined = f"{link}_{column}"
    if any(one.name == source and as_joined in one.columns for one in tables):
        program = code.replace(taken[0], f'{taken[1]}.get("{as_joined}")')
        return TableHint(f'{told}, those of {source} have it as "{as_joined}"', program)
    way = f'{target.name}.get({taken[1]}["{link}"], {{}}).get("{column}")'
    return TableHint(f"{told}, those of {source} do not", code.replace(taken[0], way))


def _sum_of_those(column: str, name: str, having: Table, tables: tuple[Table, ...], code: str) -> str:
    """Python for what the entries of `having` have in `column`, taken together, that name the entry `name`.

    Nothing where they name none of one certain table, or where these are no numbers.
    """
    by = {table.name: table.by for table in tables if table.by}
    links = [(link, other) for link, other in having.links if other in by]
    if len(links) > 1:
        links = [(link, other) for link, other in links if re.search(rf"\bfor {name} in {other}\b", code)]
    if len(links) != 1 or type(having.first.get(column)) not in {int, float}:
        return ""
    ((link, other),) = links
    row = "row" if name == "one" else "one"
    return f'sum({row}["{column}"] or 0 for {row} in {_entries(having)} if {row}["{link}"] == {name}["{by[other]}"])'


def _key_taken_for_entry(code: str, tables: tuple[Table, ...]) -> TableHint:
    """That a program goes through the keys of a table, and the program that goes through its entries."""
    for name in (one.name for one in tables if one.is_dict):
        keys = re.search(rf"\bfor (\w+) in {name}\b(?!\.)|\({name}, key=lambda (\w+):", code)
        if keys:
            whole = keys[0].replace(f" in {name}", f" in {name}.values()").replace(f"({name},", f"({name}.values(),")
            return TableHint(f"{keys[1] or keys[2]} is a key of {name}, not its entry", code.replace(keys[0], whole))
    return TableHint()


def _entries(table: Table) -> str:
    return f"{table.name}.values()" if table.is_dict else table.name
