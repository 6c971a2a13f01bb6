"""Bringing accepted changes to where they were meant for: all of them, or none.

First everything is compared with what the overlay was based on. Then the new contents are written beside their places,
which is where a full disk or a missing permission shows. Only then does anything change, by renames; a file that the
editor shows is written through it. Where a step fails, the ones before it are taken back.
"""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio

from punie_acp.workspace.recording import RecordingWorkspace
from punie_acp.workspace.states import disk_state, missing_parents, shown_state, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Sequence
    from pathlib import Path

    from punie_acp.workspace.overlay.changes import FileChange
    from punie_acp.workspace.states import Inner, State


class ConflictError(Exception):
    """Something changed what the accepted changes are based on; nothing was written."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"changed meanwhile by someone else, so nothing was written: {', '.join(names)}")
        self.names = tuple(names)


async def land(workspace: Inner, changes: Sequence[FileChange], stale: Collection[Path] = ()) -> None:
    """Make `changes` in `workspace`. Raises `ConflictError` or `OSError`, and then nothing has changed.

    `stale` are paths that are known to have changed since.
    """
    conflicts = [change.path for change in changes if change.path in stale or await _is_other(workspace, change)]
    if conflicts:
        raise ConflictError([workspace.display(path) for path in conflicts])
    async with _recorded(workspace, changes) as plain:
        await _Landing(plain).run(changes)


async def _is_other(workspace: Inner, change: FileChange) -> bool:
    now, before = (await shown_state(workspace, change.path))[0], change.before[0]
    return now.kind != before.kind if before.kind == "folder" else now != before


@asynccontextmanager
async def _recorded(workspace: Inner, changes: Sequence[FileChange]) -> AsyncGenerator[Inner]:
    """The workspace in which to make the changes, which are recorded where `workspace` records."""
    if not isinstance(workspace, RecordingWorkspace):
        yield workspace
        return
    async with workspace.changing({change.path: change.after for change in changes}) as plain:
        yield plain


class _Landing:
    """The changes on their way into `workspace`."""

    def __init__(self, workspace: Inner) -> None:
        self._workspace = workspace
        self._staged: dict[Path, Path] = {}  # by path the file beside it that will take its place
        self._made: list[Path] = []  # folders that staging has made
        self._done: list[FileChange] = []

    async def run(self, changes: Sequence[FileChange]) -> None:
        """All of them, or none."""
        try:
            for change in changes:
                await self._stage(change)
            for change in _in_order(changes):
                self._done.append(change)
                await self._apply(change)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._take_back()
            raise

    async def _stage(self, change: FileChange) -> None:
        entry, data = change.after
        if entry.kind != "file" or data is None or await self._shows(change):
            return
        folder = next(folder for folder in (change.path.parent, *change.path.parents) if _is_real_folder(folder))
        beside = folder / f".{change.path.name[:40]}.{secrets.token_hex(6)}.tmp"
        self._staged[change.path] = beside
        await self._workspace.write_bytes(beside, data)
        mode = entry.mode or (change.before[0].mode if change.before[0].kind == "file" else 0)
        if mode:
            await self._workspace.set_mode(beside, mode)

    async def _shows(self, change: FileChange) -> bool:
        """Whether the editor has the file, as a text that can be given to it."""
        before, after = change.before[1], change.after[1]
        if before is None or after is None or text_of(before) is None or text_of(after) is None:
            return False
        return change.mode is None and await self._workspace.buffer(change.path) is not None

    async def _apply(self, change: FileChange) -> None:
        path, (entry, data) = change.path, change.after
        staged = self._staged.get(path)
        if staged is not None:
            await self._make_room(change)
            await self._make_parents(path)
            await self._workspace.rename(staged, path)
        elif entry.kind == "file":
            await self._workspace.write_text(path, text_of(data or b"") or "")
        else:
            await self._make_room(change)
            await self._make_other(path, change.after)

    async def _make_room(self, change: FileChange) -> None:
        """Take away what cannot be replaced in one step."""
        if change.before[0].kind not in ("absent", change.after[0].kind) or change.before[0].kind == "link":
            await self._workspace.delete(change.path)

    async def _make_other(self, path: Path, state: State) -> None:
        if state[0].kind == "folder":
            await self._make_parents(path)
            await self._workspace.make_directory(path, parents=True, exist_ok=True)
        elif state[0].kind == "link":
            await self._workspace.make_link(path, state[0].content)

    async def _make_parents(self, path: Path) -> None:
        for folder in reversed(missing_parents(path)):
            await self._workspace.make_directory(folder, parents=False, exist_ok=True)
            self._made.append(folder)

    async def _take_back(self) -> None:
        for staged in self._staged.values():
            with suppress(OSError):
                await self._workspace.delete(staged)
        undone = list(reversed(self._done))
        for change in undone:
            with suppress(OSError):
                await self._remove(change)
        for change in sorted(undone, key=lambda one: len(one.path.parts)):
            with suppress(OSError):
                await self._restore(change)
        for folder in reversed(self._made):
            with suppress(OSError):
                await self._workspace.delete(folder)

    async def _remove(self, change: FileChange) -> None:
        """Take away what was made where nothing was, or something of another kind."""
        before, after = change.before[0].kind, change.after[0].kind
        if before != after and disk_state(change.path)[0].kind == after != "absent":
            await self._workspace.delete(change.path)

    async def _restore(self, change: FileChange) -> None:
        path, (entry, data) = change.path, change.before
        if (await shown_state(self._workspace, path))[0] == entry or entry.kind == "absent":
            return
        if entry.kind != "file":
            await self._make_other(path, change.before)
        elif data is not None and await self._shows(change):
            await self._workspace.write_text(path, text_of(data) or "")
        elif data is not None:
            await self._workspace.write_bytes(path, data)
            await self._workspace.set_mode(path, entry.mode)


def _in_order(changes: Sequence[FileChange]) -> list[FileChange]:
    """What goes first, the deepest first; then what comes, folders before what is in them."""
    going = [change for change in changes if change.after[0].kind == "absent"]
    coming = [change for change in changes if change.after[0].kind != "absent"]
    replaced = [change for change in coming if change.before[0].kind == "folder"]
    rest = [change for change in coming if change.before[0].kind != "folder"]
    return [
        *sorted(going, key=lambda change: -len(change.path.parts)),
        *sorted(replaced, key=lambda change: -len(change.path.parts)),
        *sorted(rest, key=lambda change: len(change.path.parts)),
    ]


def _is_real_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
