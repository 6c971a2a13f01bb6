"""A data file as programs have it: a variable, the Python that gives its value, and what that looks like."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from punie_acp.codemode.shapes import described

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = ""
"""The column of the keys that a file's own dictionary has."""
Row: TypeAlias = dict[str, object]
_MOST_SHAPE = 240  # characters


@dataclass(frozen=True, slots=True)
class Table:
    """A data file, and the variable that programs have for it."""

    name: str
    path: str
    rows: str  # Python that gives what the file has
    count: int  # of its entries
    first: Row  # of them
    by: str | None = None  # the column by which it is a dictionary; "" where the file has one, None of a list
    columns: frozenset[str] = frozenset()
    links: tuple[tuple[str, str], ...] = ()  # columns whose values are keys of another table, and its name
    join: str = ""  # what stands behind `**one` where its entries have the columns of those that they name
    needs: tuple[str, ...] = ()  # the tables that `join` uses
    entries: Mapping[str, Row] = field(default_factory=dict["str", "Row"], compare=False)  # of a dictionary

    @property
    def is_dict(self) -> bool:
        """Whether it is a dictionary of entries, not a list of them."""
        return self.by is not None

    @property
    def shape(self) -> str:
        """Its value, with an example."""
        entry = described(without_key(self.first))
        most = 2 * _MOST_SHAPE if self.join else _MOST_SHAPE
        if self.by is None:
            return f"list of {self.count}, such as {entry}"[:most]
        by = f" by {json.dumps(self.by)}" if self.by else ""
        return f"dict of {self.count}{by}, such as {{{str(self.first[self.by])!r}: {entry}}}"[:most]

    @property
    def reading(self) -> str:
        """Python that gives its value."""
        entry = f"{{**one{self.join}}}" if self.join else "one"
        if self.by:
            return f'{{one["{self.by}"]: {entry} for one in {self.rows}}}'
        if not self.join:
            return self.rows
        return (
            f"[{entry} for one in {self.rows}]"
            if self.by is None
            else f"{{key: {entry} for key, one in {self.rows}.items()}}"
        )

    @property
    def statement(self) -> str:
        """The line that reads it."""
        return f"{self.name} = {self.reading}"

    @property
    def told(self) -> str:
        """That line as a model is told it, with an example; of a long one only that there is one."""
        short = f"{self.name} = {'[...]' if self.by is None else '{...}'}"
        return f"{short if self.join else self.statement}  # {self.shape}"


def without_key(row: Row) -> Row:
    """The columns of an entry, but for the key that a file's own dictionary has for it."""
    return {column: value for column, value in row.items() if column != KEY}
