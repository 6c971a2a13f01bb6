"""Tables whose entries have the columns of those that they name: `hive_site` of an inspection whose `hive` is H01.

Who adds up by the keepers of hives would go through three files. A small model adds up by a column that it sees.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.codemode.table import Table


def joined(tables: Sequence[Table]) -> tuple[Table, ...]:
    """`tables` with such columns. Those whose entries are named come before those whose entries name them."""
    ready: dict[str, Table] = {}
    left = list(tables)
    while left:
        free = [one for one in left if not any(other.name in _named_by(one) for other in left)]
        first = free[0] if free else left[0]  # of a circle one stays as it is
        ready[first.name] = _joined(first, [ready[name] for name in _named_by(first) if name in ready])
        left.remove(first)
    return tuple(ready.values())


def _named_by(table: Table) -> list[str]:
    return [other for _, other in table.links]


def _joined(table: Table, others: Sequence[Table]) -> Table:
    by_name = {one.name: one for one in others}
    links = [(column, by_name[name]) for column, name in table.links if name in by_name]
    if not links:
        return table
    rows = {key: entry | _more(entry, links) for key, entry in table.entries.items()}
    first = table.first | _more(table.first, links)
    return replace(
        table,
        join="".join(f", **{_columns(column, other)}" for column, other in links),
        needs=tuple(other.name for _, other in links),
        first=first,
        columns=table.columns | first.keys(),
        entries=rows,
    )


def _columns(column: str, other: Table) -> str:
    """The Python that gives what `_more` gives."""
    found = f'{other.name}.get(one.get("{column}"), {{}})'
    return f'{{"{column}_" + name: {found}.get(name) for name in {_told_by(other)!r}}}'


def _more(entry: dict[str, object], links: Sequence[tuple[str, Table]]) -> dict[str, object]:
    """What the entries that `entry` names have, behind the name of its column; None where there is none."""
    found = [(column, other, other.entries.get(str(entry.get(column)), {})) for column, other in links]
    return {f"{column}_{name}": one.get(name) for column, other, one in found for name in _told_by(other)}


def _told_by(table: Table) -> list[str]:
    """The columns of a table that tell more of an entry than what it is called by."""
    return [name for name in table.first if name and name != table.by]
