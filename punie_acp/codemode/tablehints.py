"""What to tell who has taken data at hand for something else than it is, or has found no more than a key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from punie_acp.codemode.events import ProgramError
    from punie_acp.codemode.tables import Table

_MOST_OUTPUT = 200  # characters that may be keys; a longer output has more in it
_MOST_ENTRIES = 3


def table_hint(error: ProgramError, code: str, tables: tuple[Table, ...]) -> tuple[str, str]:
    """What a program took for something else, an entry of another table or a key, and the program without that.

    Either is "" where that is not known.
    """
    if missing := re.match(r"KeyError: '?([^'\n]+)'?$", error.message):
        return _where_it_is(missing[1], error.excerpt, code, tables)
    return _key_taken_for_entry(code, tables) if "string indices must be" in error.message else ("", "")


def entries_named(output: str, tables: tuple[Table, ...]) -> list[str]:
    """The entries whose keys are what a program has printed, for who asks for more of them than that."""
    words = dict.fromkeys(re.findall(r"[\w.-]+", output)) if len(output) <= _MOST_OUTPUT else ()
    names = [word for word in words if not word.isdigit()]
    found = [(table.name, word, table.entries[word]) for word in names for table in tables if word in table.entries]
    return [f"{name}[{word!r}] is {entry}" for name, word, entry in found[:_MOST_ENTRIES]]


def _where_it_is(column: str, excerpt: str, code: str, tables: tuple[Table, ...]) -> tuple[str, str]:
    """Which table has the key that an entry of another one lacked, and the program that gets it there."""
    having = [one for one in tables if column in one.columns]
    if len(having) != 1:
        return "", ""
    target = having[0]
    told = f'Entries of {target.name} have "{column}"'
    links = [(one.name, link) for one in tables for link, name in one.links if name == target.name]
    taken = re.search(rf"(\w+)\[[\"']{re.escape(column)}[\"']\]", excerpt)
    if taken is None or len(links) != 1:
        return f'{told}: for one in {_entries(target)}: one["{column}"]', ""
    ((source, link),) = links
    way = f'{target.name}.get({taken[1]}["{link}"], {{}}).get("{column}")'
    return f"{told}, those of {source} do not.", code.replace(taken[0], way)


def _key_taken_for_entry(code: str, tables: tuple[Table, ...]) -> tuple[str, str]:
    for name in (one.name for one in tables if one.is_dict):
        key = re.search(rf"\bfor (\w+) in {name}\b(?!\.)|\({name}, key=lambda (\w+):", code)
        if key:
            one = key[1] or key[2]
            return f"{one} is a key of {name}: its entry is {name}[{one}].", ""
    return "", ""


def _entries(table: Table) -> str:
    return f"{table.name}.values()" if table.is_dict else table.name
