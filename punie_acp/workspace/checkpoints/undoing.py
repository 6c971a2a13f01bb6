"""Bringing back what was before a turn. What somebody has changed since is left alone, and said to be.

All files are written first, then deletions follow; if something fails in between, what was done is taken back. Undoing
writes through the recording workspace, so that it is a checkpoint itself: undoing the undo brings the turn back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from punie_acp.workspace.checkpoints.values import Conflict, Touched, UndoReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punie_acp.workspace.checkpoints.recorder import Checkpoints
    from punie_acp.workspace.checkpoints.values import Checkpoint, Entry


class Project(Protocol):
    """What undoing needs of a workspace."""

    async def look(self, path: Path) -> Entry:
        """What is at `path` now, unsaved changes in the editor included."""
        ...

    async def unsaved(self, path: Path, known: Sequence[bytes]) -> bool:
        """Whether the editor shows a text that is neither on disk nor one of `known`."""
        ...

    async def restore(self, path: Path, entry: Entry, content: bytes | None) -> None:
        """Make `path` what `entry` says. Raises `OSError`; a folder that is not empty stays."""
        ...


class NothingToUndoError(Exception):
    """There is no such turn, or none at all. The message says so to the user."""


async def undo(checkpoints: Checkpoints, project: Project, turn: str | None = None) -> UndoReport:
    """Undo `turn`, or the last one that is not undone. Raises `NothingToUndoError`, and `OSError` after taking back."""
    found = _find(checkpoints.turns(), turn)
    undo_turn = _next_undo(checkpoints.turns())
    todo, conflicts = await _sorted_out(checkpoints, project, found.turn)
    checkpoints.begin(undo_turn, undo_of=found.turn)
    await _restore_all(checkpoints, project, todo)
    if not conflicts:
        checkpoints.mark_undone(found.turn, undo_turn)
        if found.undo_of is not None:
            checkpoints.mark_undone(found.undo_of, None)
    return UndoReport(found.turn, undo_turn, tuple(one.path for one in todo), tuple(conflicts))


def _find(turns: Sequence[Checkpoint], turn: str | None) -> Checkpoint:
    if turn is not None:
        found = next((one for one in turns if one.turn == turn), None)
        if found is None:
            raise NothingToUndoError(f"There is no turn {turn} here that changed a file.")
        return found
    open_turns = [one for one in turns if one.undo_of is None and one.undone_by is None]
    if not open_turns:
        raise NothingToUndoError("There is nothing to undo: no turn of this session has changed a file.")
    return open_turns[-1]


def _next_undo(turns: Sequence[Checkpoint]) -> str:
    taken = {one.turn for one in turns}
    return next(name for number in range(1, len(turns) + 2) if (name := f"u{number}") not in taken)


async def _sorted_out(checkpoints: Checkpoints, project: Project, turn: str) -> tuple[list[Touched], list[Conflict]]:
    """What is to be restored, and what must not be."""
    todo: list[Touched] = []
    conflicts: list[Conflict] = []
    for touched in checkpoints.touched(turn):
        now = await project.look(touched.path)
        if now == touched.before:
            continue
        reason = await _objection(checkpoints, project, turn, touched, now)
        if reason is None:
            todo.append(Touched(touched.path, now, _wanted(touched, now)))
        else:
            conflicts.append(Conflict(touched.path, reason))
    return todo, conflicts


async def _objection(checkpoints: Checkpoints, project: Project, turn: str, touched: Touched, now: Entry) -> str | None:
    """Why a path stays as it is."""
    before = touched.before
    if not before.is_kept or (before.kind == "file" and checkpoints.content(before) is None):
        return "is too large, or was not readable: what it was before is not kept"
    if touched.disturbed:
        return "was changed by somebody else during the turn"
    if not now.same_content(touched.after):
        later = _later_turn(checkpoints, turn, touched.path, now)
        return f"was changed again in turn {later}; undo that one first" if later else "was changed since"
    contents = [checkpoints.content(entry) for entry in (before, touched.after) if entry.kind == "file"]
    if await project.unsaved(touched.path, [content for content in contents if content is not None]):
        return "has unsaved changes in the editor"
    return None


def _later_turn(checkpoints: Checkpoints, turn: str, path: Path, now: Entry) -> str | None:
    """The turn after `turn` that left `path` as it is."""
    turns = [one.turn for one in checkpoints.turns()]
    for later in reversed(turns[turns.index(turn) + 1 :]):
        if any(one.path == path and one.after.same_content(now) for one in checkpoints.touched(later)):
            return later
    return None


def _wanted(touched: Touched, now: Entry) -> Entry:
    """What was before, with the mode as it is now where the turn did not change it."""
    before = touched.before
    if before.kind == now.kind == "file" and touched.before.mode == touched.after.mode:
        return replace(before, mode=now.mode)
    return before


async def _restore_all(checkpoints: Checkpoints, project: Project, todo: Sequence[Touched]) -> None:
    done: list[Touched] = []
    try:
        for one in _in_order(todo):
            done.append(one)
            await _restore(checkpoints, project, one.path, one.after)
    except OSError:
        for one in reversed(done):
            await _restore(checkpoints, project, one.path, one.before)
        raise


async def _restore(checkpoints: Checkpoints, project: Project, path: Path, entry: Entry) -> None:
    content = checkpoints.content(entry) if entry.kind == "file" else None
    await project.restore(path, entry, content)


def _in_order(todo: Sequence[Touched]) -> list[Touched]:
    """Folders, then files, then deletions, the deepest first. What stands in the way of something goes before it."""
    folders = sorted((one for one in todo if one.after.kind == "folder"), key=lambda one: one.path)
    gone = sorted((one for one in todo if one.after.kind == "absent"), key=lambda one: one.path, reverse=True)
    files = [one for one in todo if one.after.kind not in ("folder", "absent")]
    in_the_way = any(one.before.kind not in ("absent", one.after.kind) for one in (*folders, *files))
    return [*gone, *folders, *files] if in_the_way else [*folders, *files, *gone]
