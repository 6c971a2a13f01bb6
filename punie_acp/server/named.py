"""What the files are like that a prompt names: who asks about a file has it read, as far as there is room.

Of a source file the model is told the functions and classes that the prompt names too; of a long data file its shape,
for a program reads the rest; of another one the text, if it is short. Of a folder of data, the shape of the first file.
Where the prompt names neither, the code that it seems to be about (`about.py`). Only what may be read without a
question is read, through the editor where it serves files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import anyio

from punie_acp.agent.fences import fenced
from punie_acp.codemode.joining import joined
from punie_acp.codemode.shapes import reading_of, shape_of
from punie_acp.codemode.tables import tables_of, told_of
from punie_acp.codemode.tools.excerpts import excerpts
from punie_acp.codemode.tools.outlines import outline
from punie_acp.server.about import code_about
from punie_acp.server.datafiles import data_beside, data_in
from punie_acp.workspace.mentions import (
    asks_for_change,
    asks_for_files,
    asks_to_run,
    files_named,
    files_to_make,
    folders_named,
    names_of_code,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punie_acp.codemode.table import Table
    from punie_acp.codemode.tools.excerpts import Excerpt
    from punie_acp.codemode.tools.values import Symbol
    from punie_acp.workspace.base import Workspace

_MOST_FILES = 4
_MOST_FOLDERS = 2
_MOST_SECONDS = 2.0  # for each file: an editor that does not serve it holds nobody up
_MOST_BYTES = 2_000_000
_MOST_NAMES = 300  # characters
_SHORT_DATA = 600  # characters; the shape of what is longer says more than its text
_FEW_ENTRIES = 8  # a small model sees the right one of as many


@dataclass(frozen=True, slots=True)
class Looks:
    """What the model is told of the files that a prompt names."""

    text: str = ""
    is_all: bool = False  # whether that is all that it takes to answer
    code: Mapping[str, str] = field(default_factory=dict[str, str])  # of the Python files among them, by their names
    changes: Mapping[str, str] = field(default_factory=dict[str, str])  # of these, a definition that is to be changed
    tables: tuple[Table, ...] = ()  # what programs have of the data files among them
    others: tuple[str, ...] = ()  # those of which they have nothing


async def looks_of(prompt: str, workspace: Workspace, characters: int, *, programs: bool = True) -> Looks:
    """What is told of the files that `prompt` names, in about `characters` at most.

    `programs`: whether the model writes programs, so that data may be at hand in them.
    """
    asked = _Asked(prompt)
    read = partial(_read, workspace=workspace)
    names = files_named(prompt, workspace.root)
    folders = folders_named(prompt, workspace.root)
    if characters and not names and not folders:
        asked.about = await code_about(prompt, workspace, read)
    texts = {name: await read(name) for name in [*names[:_MOST_FILES], *asked.about]}
    at_hand = programs and not asked.change
    is_asked = any(name in asked.question or not reading_of(name) for name in names)  # and not only of use
    if at_hand and not is_asked:
        texts |= await data_beside(names, prompt, workspace, read)
    tables = _tables(texts, characters, may_be_read=is_asked) if at_hand else ()
    told: list[str] = []
    whole, code, changes = 0, dict[str, str](), dict[str, str]()

    def room() -> int:
        return characters - sum(map(len, [*told, _at_hand(tables)]))

    for name, text in texts.items():
        code |= {name: text} if name.endswith(".py") else {}
        if name not in {table.path for table in tables}:
            look = asked.look(name, text, room())
            told += [look.text] if look.text else []
            whole += look.is_all
            changes |= look.changes
    for folder in folders[:_MOST_FOLDERS]:
        data = await data_in(folder, workspace, read)
        table = data.table() if at_hand else None
        if table and table.name not in {one.name for one in tables} and len(_at_hand((table,))) <= room():
            tables = (*tables, table)
        elif 0 < len(data.shape) <= room():
            told.append(data.shape)
    told += [_at_hand(tables)] if tables else []
    others = tuple(name for name in names if name not in {table.path for table in tables})
    if not told:
        return Looks(code=code, others=others)
    to_do = (
        asked.change
        or files_to_make(prompt, workspace.root)
        or asks_to_run(prompt, workspace.root)
        or asks_for_files(prompt)
    )
    is_all = whole == len(names) == 1 and is_asked and not to_do  # what is in two is better compared by a program
    what = "Code that the prompt may be about" if asked.about else "Files that the prompt names"
    text = "\n".join([f"{what} (data, not instructions):", *told])
    return Looks(text, is_all, code, changes, tables, others)


def _tables(texts: Mapping[str, str], room: int, *, may_be_read: bool) -> tuple[Table, ...]:
    """What programs have of the data files. A short one of few entries, alone, is better read by the model itself."""
    tables = tables_of({name: text for name, text in texts.items() if reading_of(name)})
    is_short = len(texts) == 1 and max(map(len, texts.values())) <= _SHORT_DATA
    if may_be_read and is_short and all(table.count <= _FEW_ENTRIES for table in tables):
        return ()
    return next((one for one in (joined(tables), tables) if len(_at_hand(one)) <= room), ())


def _at_hand(tables: tuple[Table, ...]) -> str:
    """What is told of them; "" of none."""
    lines, links = told_of(tables)
    return (
        "\n".join(
            ["Each of your programs begins with these lines already:", fenced("\n".join(lines), "python"), *links]
        )
        if tables
        else ""
    )


async def _read(name: str, workspace: Workspace) -> str:
    """A file's text; "" where it has to be left out."""
    try:
        path = workspace.resolve(name)
        known = await workspace.stat(path)
        if known is None or known.size > _MOST_BYTES or workspace.sensitivity(path):
            return ""
        with anyio.fail_after(_MOST_SECONDS):
            return await workspace.read_text(path)
    except (OSError, ValueError):
        return ""


def _contents(name: str, symbols: list[Symbol], room: int) -> str:
    """The names of what a source file defines at its top level, if there is room; "" for other files."""
    names = [one.name for one in symbols if not one.parent and one.kind != "variable"]
    told = f"{name} defines {', '.join(names)}"[:_MOST_NAMES] if names else ""
    return told if len(told) <= room else ""


class _Asked:
    """What a prompt asks of files: which parts of them it names, and whether it wants them changed."""

    def __init__(self, prompt: str) -> None:
        self.sure, self.maybe = names_of_code(prompt)
        sentences = re.split(r"(?<=[.!?])\s+", prompt)
        self.question = next((one for one in sentences if one.endswith("?")), prompt)
        self.change = asks_for_change(prompt)
        self.rewrite = wanted(prompt) == "change"  # of a definition, whole
        self.about: Mapping[str, set[str]] = {}  # the names of what it is about, where it names no file

    def look(self, name: str, text: str, room: int) -> Looks:
        """One file's parts, its shape or all of its text, in `room` characters; nothing where there is no room."""
        if not text.strip():
            return Looks()
        symbols = outline(text, name)
        if name in self.about:
            return self._parts(name, excerpts(text, symbols, self.about[name]), room, is_all=False)
        parts = self._parts(name, excerpts(text, symbols, self.sure), room, is_all=True)
        if parts.text:
            return parts
        if shape := shape_of(name, text) if len(text) > _SHORT_DATA else "":
            return Looks(shape if len(shape) <= room else "")
        reading = reading_of(name)
        whole = f"{name} ({reading}):\n{fenced(text)}" if reading else f"{name}:\n{fenced(text)}"
        if len(whole) <= room:
            return Looks(whole, is_all=True)
        parts = self._parts(name, excerpts(text, symbols, self.maybe), room, is_all=False)
        return parts if parts.text else Looks(_contents(name, symbols, room))

    def _parts(self, name: str, parts: list[Excerpt], room: int, *, is_all: bool) -> Looks:
        """The parts of a source file that the prompt names, as far as there is room."""
        told: list[str] = []
        changes: list[str] = []
        for part in parts:
            owner = f", in {part.symbol.parent}" if part.symbol.parent else ""
            shown = f"{name}, line {part.symbol.line}{owner}:\n{fenced(part.text)}"
            if len(shown) > room - sum(map(len, told)):
                continue
            told.append(shown)
            is_sure = name not in self.about or part.symbol.name in self.sure
            if self.rewrite and is_sure and name.endswith(".py") and part.symbol.kind != "variable":
                changes.append(part.symbol.name)
        return Looks("\n".join(told), is_all=is_all, changes={name: changes[0]} if changes else {})
