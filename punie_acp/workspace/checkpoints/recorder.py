"""What each turn of a session does to the project's files, so that it can be shown and undone."""

from __future__ import annotations

import hashlib
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from punie_acp.workspace.checkpoints.database import (
    CheckpointError,
    Database,
    keep_content,
    keep_touched,
    keep_turn,
)
from punie_acp.workspace.checkpoints.diffs import file_changes
from punie_acp.workspace.checkpoints.snapshot import Limits, Snapshot
from punie_acp.workspace.checkpoints.values import Touched

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punie_acp.workspace.checkpoints.values import Checkpoint, Entry, FileChange


class Checkpoints:
    """The checkpoints of one session in one project, kept below `folder`. Opened when first needed.

    Every method but `forget` raises `CheckpointError` where they cannot be kept or read.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        *,
        session: str = "",
        additional: Sequence[Path] = (),
        limits: Limits | None = None,
    ) -> None:
        """`root` and `additional` are the session's folders; `session` tells its turns from those of others."""
        self._roots = (root, *additional)
        self._file = database_file(root, folder)
        self._session = session
        self._limits = limits or Limits()
        self._database: Database | None = None
        self._snapshot: Snapshot | None = None
        self._one_look = anyio.Lock()
        self._commands = 0  # that run now
        self._looked = 0.0  # seconds since the epoch
        self._turn = "t0"
        self._undo_of: str | None = None

    # Recording.

    def begin(self, turn: str, *, undo_of: str | None = None) -> None:
        """What happens from now on belongs to `turn`."""
        self._turn = turn
        self._undo_of = undo_of

    async def touch(self, path: Path, before: Entry, after: Entry, *contents: bytes) -> None:
        """Record that the turn makes `after` of what is `before`, and keep `contents` of the two."""
        await anyio.to_thread.run_sync(self._touch, Touched(path, before, after), contents)

    def _touch(self, touched: Touched, contents: Sequence[bytes]) -> None:
        whole = self._together(touched)
        with self._open().writing() as connection:
            for data in contents:
                keep_content(connection, data)
            keep_turn(connection, self._session, self._turn, self._undo_of)
            keep_touched(connection, self._session, self._turn, whole)

    def _together(self, new: Touched) -> Touched:
        """`new`, with what the turn did to the path before."""
        earlier = self._open().one_touched(self._session, self._turn, str(new.path))
        if earlier is None:
            return new
        disturbed = earlier.disturbed or not earlier.after.same_content(new.before)
        return Touched(new.path, earlier.before, new.after, disturbed)

    async def settle(self, path: Path, after: Entry, *contents: bytes) -> None:
        """Record what has become of `path`, which the turn has touched: an editor may have formatted it."""
        await anyio.to_thread.run_sync(self._settle, path, after, contents)

    def _settle(self, path: Path, after: Entry, contents: Sequence[bytes]) -> None:
        earlier = self._open().one_touched(self._session, self._turn, str(path))
        if earlier is not None and earlier.after != after:
            with self._open().writing() as connection:
                for data in contents:
                    keep_content(connection, data)
                whole = Touched(path, earlier.before, after, earlier.disturbed)
                keep_touched(connection, self._session, self._turn, whole)
        self._look_around().note(path)

    async def before_command(self) -> None:
        """Look at the project's files, so that what the command changes will be known."""
        async with self._one_look:
            changes = await self._look()
            if self._commands:  # by one that runs already
                await self._record(changes)
            self._commands += 1

    async def after_command(self) -> None:
        """Record what has changed since `before_command`."""
        async with self._one_look:
            self._commands -= 1
            await self._record(await self._look())

    async def _look(self) -> list[Touched]:
        since, self._looked = self._looked, time.time()
        stop = threading.Event()
        look = partial(self._look_around().refresh, since, stop.is_set)
        try:
            return await anyio.to_thread.run_sync(look, abandon_on_cancel=True)
        finally:
            stop.set()

    async def _record(self, changes: Sequence[Touched]) -> None:
        if changes:
            await anyio.to_thread.run_sync(self._record_all, changes)

    def _record_all(self, changes: Sequence[Touched]) -> None:
        whole = [self._together(change) for change in changes]
        with self._open().writing() as connection:
            keep_turn(connection, self._session, self._turn, self._undo_of)
            for touched in whole:
                keep_touched(connection, self._session, self._turn, touched)

    def take_notices(self) -> list[str]:
        """What the user should know of limits that were hit, once."""
        if self._snapshot is None:
            return []
        notices, self._snapshot.notices = self._snapshot.notices, []
        return notices

    # What was recorded.

    def turns(self) -> list[Checkpoint]:
        """What can be undone, oldest first."""
        return self._open().checkpoints(self._session)

    def touched(self, turn: str) -> list[Touched]:
        """What a turn touched and left otherwise than it was."""
        return [one for one in self._open().touched(self._session, turn) if one.before != one.after]

    def changes(self, turn: str) -> list[FileChange]:
        """What a turn did, with diffs."""
        return file_changes(self.touched(turn), self.content, self._roots[0])

    def content(self, entry: Entry) -> bytes | None:
        """The content of a file as it was; None where it is not kept."""
        return self._open().content(entry.content)

    def mark_undone(self, turn: str, undo: str | None) -> None:
        """`turn` was undone by `undo`, or, by undoing that, is as it was."""
        with self._open().writing() as connection:
            connection.execute(
                "UPDATE turns SET undone_by = ? WHERE session = ? AND turn = ?", (undo, self._session, turn)
            )

    def close(self) -> None:
        """Let go of the file."""
        if self._database is not None:
            self._database.close()
        self._database = self._snapshot = None

    def _open(self) -> Database:
        if self._database is None:
            self._database = Database(self._file)
        return self._database

    def _look_around(self) -> Snapshot:
        if self._snapshot is None:
            self._snapshot = Snapshot(self._roots, self._open(), self._limits)
        return self._snapshot

    @staticmethod
    def forget(root: Path, folder: Path, session: str) -> None:
        """Remove what is kept of a session, for one that is deleted. Raises `CheckpointError`."""
        file = database_file(root, folder)
        if file.exists():
            database = Database(file)
            try:
                database.forget(session)
            finally:
                database.close()


def database_file(root: Path, folder: Path) -> Path:
    """Where the checkpoints of the project in `root` are."""
    name = hashlib.sha256(str(root).encode("utf-8", errors="surrogateescape")).hexdigest()[:24]
    return folder / f"{name}.db"


__all__ = ["CheckpointError", "Checkpoints", "Limits"]
