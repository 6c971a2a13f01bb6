"""The data files of a folder: those that a prompt names together, and those beside one that it names."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import anyio.to_thread

from punie_acp.codemode.shapes import reading_of, shape_of
from punie_acp.codemode.tables import folder_table, tables_of

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.codemode.table import Table
    from punie_acp.workspace.base import Workspace

Read: TypeAlias = Callable[[str], Awaitable[str]]
"""Gives a file's text; "" where it has to be left out."""
_MOST_BESIDE = 8  # files of a folder that are looked at
_MOST_ENTRIES = 1000  # of a folder


@dataclass(frozen=True, slots=True)
class FolderData:
    """The data files of one kind in a folder, and the text of the first."""

    folder: str
    names: tuple[str, ...] = ()
    first: str = ""

    @property
    def shape(self) -> str:
        """What they look like, by the first of them; "" where there are none."""
        if not self.names:
            return ""
        shape = shape_of(f"{self.folder}/{self.names[0]}", self.first)
        kind = self.names[0].rpartition(".")[2]
        return f"{len(self.names)} files {self.folder}/*.{kind}; {shape}" if shape else ""

    def table(self) -> Table | None:
        """What programs have of them."""
        is_json = bool(self.names) and self.names[0].endswith(".json")
        return folder_table(self.folder, len(self.names), self.first) if is_json else None


async def data_in(folder: str, workspace: Workspace, read: Read) -> FolderData:
    """The data files of the kind of which `folder` has the most."""
    names = await anyio.to_thread.run_sync(_data_files, workspace.root / folder)
    first = await read(f"{folder}/{names[0]}") if names else ""
    return FolderData(folder, tuple(names), first)


async def data_beside(names: list[str], prompt: str, workspace: Workspace, read: Read) -> dict[str, str]:
    """The texts of the data files, in the folders of those that a prompt names, with a column that it names."""
    words = set(map(_word, re.findall(r"\w+", prompt)))
    found: dict[str, str] = {}
    for folder in dict.fromkeys(name.rpartition("/")[0] for name in names):
        files = await anyio.to_thread.run_sync(_data_files, workspace.root / folder, None)
        paths = [f"{folder}/{name}" if folder else name for name in files]
        for path in [one for one in paths if one not in names][:_MOST_BESIDE]:
            text = await read(path)
            columns = {column for table in tables_of({path: text}) for column in table.columns}
            found |= {path: text} if words & set(map(_word, columns)) else {}
    return found


def _data_files(folder: Path, most: int | None = 1) -> list[str]:
    """The names of a folder's data files: of the `most` kinds of which it has the most."""
    kinds: dict[str, list[str]] = {}
    with suppress(OSError):
        for entry in islice(folder.iterdir(), _MOST_ENTRIES):
            if reading_of(entry.name) and entry.is_file():
                kinds.setdefault(entry.suffix, []).append(entry.name)
    chosen = sorted(kinds.values(), key=len, reverse=True)[:most]
    return sorted(name for names in chosen for name in names)


def _word(name: str) -> str:
    return name.lower().removesuffix("s")
