"""A workspace that records what is there before each change, so that the turn can be undone.

Around a write or a deletion the path is looked at, before and after. Around a command all files are (by their stat).
Where that cannot be recorded, the change takes place all the same, and the user is told so once.
"""

from __future__ import annotations

import errno
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from punie_acp.workspace import text
from punie_acp.workspace.base import NotTextError
from punie_acp.workspace.checkpoints import CheckpointError
from punie_acp.workspace.checkpoints.undoing import undo
from punie_acp.workspace.checkpoints.values import ABSENT, Entry
from punie_acp.workspace.states import (
    MAX_MOVED,
    all_below,
    disk_state,
    file_state,
    has_unsaved,
    missing_parents,
    shown_state,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from punie_acp.workspace.base import CommandProgress, CommandResult, FileStat, Match
    from punie_acp.workspace.checkpoints import Checkpoints, UndoReport
    from punie_acp.workspace.states import Inner, State

_LAST_LOOK_SECONDS = 2.0  # after a command that was cancelled


class RecordingWorkspace:
    """`Workspace` around another one. Its owner tells `checkpoints` when a turn begins."""

    def __init__(self, inner: Inner, checkpoints: Checkpoints) -> None:
        self._inner = inner
        self.checkpoints = checkpoints
        self._notices: list[str] = []
        self._noticed: set[str] = set()
        self._told: dict[Path, bytes] = {}  # by path the text that the editor was given last, in UTF-8

    def take_notices(self) -> list[str]:
        """What the user should know of what cannot be undone: each once in a session."""
        notices = [*self._notices, *self.checkpoints.take_notices()]
        self._notices.clear()
        new = [notice for notice in dict.fromkeys(notices) if notice not in self._noticed]
        self._noticed.update(new)
        return new

    async def undo(self, turn: str | None = None) -> UndoReport:
        """Undo a turn, or the last one. Raises `NothingToUndoError`, `CheckpointError`, `OSError`."""
        return await undo(self.checkpoints, self, turn)

    # Changes.

    async def write_text(self, path: Path, content: str) -> None:
        before = await shown_state(self._inner, path)
        planned = self._encoded(path, content, before[1])
        async with self._changing({path: before}, {path: planned}):
            await self._inner.write_text(path, content)
            self._told[path] = content.encode("utf-8", errors="replace")

    def _encoded(self, path: Path, content: str, before: bytes | None) -> State:
        name = self.display(path)
        try:
            decoded = text.decode(before, name) if before else None
            return file_state(text.encode(content, name, decoded))
        except NotTextError:
            return file_state(content.encode("utf-8", errors="replace"))

    async def write_bytes(self, path: Path, data: bytes) -> None:
        async with self._changing({path: await shown_state(self._inner, path)}, {path: file_state(data)}):
            await self._inner.write_bytes(path, data)

    async def set_mode(self, path: Path, mode: int) -> None:
        """Set the permission bits of a file."""
        before = await shown_state(self._inner, path)
        planned = Entry(before[0].kind, mode, before[0].content)
        async with self._changing({path: before}, {path: (planned, None)}):
            await self._inner.set_mode(path, mode)

    async def make_link(self, path: Path, target: str) -> None:
        """Make a symbolic link where nothing is."""
        async with self._changing(
            {path: await shown_state(self._inner, path)}, {path: (Entry("link", 0, target), None)}
        ):
            await self._inner.make_link(path, target)

    async def make_directory(self, path: Path, *, parents: bool, exist_ok: bool) -> None:
        async with self._changing({path: await shown_state(self._inner, path)}, {path: (Entry("folder", 0o755), None)}):
            await self._inner.make_directory(path, parents=parents, exist_ok=exist_ok)

    async def delete(self, path: Path) -> None:
        async with self._changing({path: await shown_state(self._inner, path)}, {path: (ABSENT, None)}):
            await self._inner.delete(path)

    async def rename(self, source: Path, target: Path) -> None:
        moved = await anyio.to_thread.run_sync(all_below, source)
        if len(moved) > MAX_MOVED:
            self._notices.append(f"Moving {self.display(source)} cannot be undone: it has too many files.")
            moved = []
        states = {path: await shown_state(self._inner, path) for path in moved}
        targets = {path: target / path.relative_to(source) for path in moved}
        before = {targets[path]: await shown_state(self._inner, targets[path]) for path in moved} | states
        planned: dict[Path, State] = {targets[path]: (state[0], None) for path, state in states.items()}
        async with self._changing(before, planned | dict.fromkeys(moved, (ABSENT, None))):
            await self._inner.rename(source, target)

    @asynccontextmanager
    async def changing(self, planned: Mapping[Path, State]) -> AsyncGenerator[Inner]:
        """Record what becomes of the paths within the block. Yields the workspace in which to change them."""
        before = {path: await shown_state(self._inner, path) for path in planned}
        async with self._changing(before, planned):
            yield self._inner

    @asynccontextmanager
    async def _changing(self, before: Mapping[Path, State], planned: Mapping[Path, State]) -> AsyncGenerator[None]:
        """Record the states `before`, and after the block what has come of it; until then it is as `planned`."""
        folders = dict.fromkeys(parent for path in before for parent in missing_parents(path) if parent not in before)
        try:
            for path, state in before.items():
                await self._touch(path, state, planned[path])
        except CheckpointError as error:
            self._cannot(error)
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await self._settle([*before], [*folders])

    async def _touch(self, path: Path, before: State, after: State) -> None:
        contents = [content for _, content in (before, after) if content is not None]
        await self.checkpoints.touch(path, before[0], after[0], *contents)

    async def _settle(self, paths: Sequence[Path], folders: Sequence[Path]) -> None:
        try:
            for path in paths:
                entry, content = await shown_state(self._inner, path)
                await self.checkpoints.settle(path, entry, *([] if content is None else [content]))
            for folder in folders:
                await self._touch(folder, (ABSENT, None), await shown_state(self._inner, folder))
        except CheckpointError as error:
            self._cannot(error)

    def _cannot(self, error: CheckpointError) -> None:
        self._notices.append(f"Changes cannot be undone now: {error}")

    async def run_command(
        self,
        command: str | Sequence[str],
        *,
        cwd: Path,
        timeout: float,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        on_progress: Callable[[CommandProgress], Awaitable[None]],
    ) -> CommandResult:
        async with self._watching_all():
            return await self._inner.run_command(
                command, cwd=cwd, timeout=timeout, env=env, stdin=stdin, on_progress=on_progress
            )

    @asynccontextmanager
    async def _watching_all(self) -> AsyncGenerator[None]:
        try:
            await self.checkpoints.before_command()
        except CheckpointError as error:
            self._cannot(error)
            yield
            return
        try:
            yield
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(_LAST_LOOK_SECONDS, shield=True):
                await self._after_command()
            raise
        except BaseException:
            await self._after_command()
            raise
        await self._after_command()

    async def _after_command(self) -> None:
        try:
            await self.checkpoints.after_command()
        except CheckpointError as error:
            self._cannot(error)

    # What undoing needs.

    async def look(self, path: Path) -> Entry:
        """What is at `path` now; of a file what the editor shows, where that is newer."""
        return (await shown_state(self._inner, path))[0]

    async def unsaved(self, path: Path, known: Sequence[bytes]) -> bool:
        """Whether the editor shows a text that is neither on disk nor one of `known`."""
        told = [self._told[path]] if path in self._told else []
        return await has_unsaved(self._inner, path, [*known, *told])

    async def restore(self, path: Path, entry: Entry, content: bytes | None) -> None:
        """Make `path` what `entry` says; recorded as any other change. A folder that is not empty stays."""
        now = await self.look(path)
        if now.kind not in ("absent", entry.kind):
            await self.delete(path)
        if entry.kind == "absent":
            await self._remove(path)
        elif entry.kind == "folder":
            await self.make_directory(path, parents=True, exist_ok=True)
        elif entry.kind == "link":
            await self._link_anew(path, entry.content)
        elif entry.kind == "file":
            await self._write_content(path, content)
            if disk_state(path)[0].mode != entry.mode:
                await self.set_mode(path, entry.mode)

    async def _remove(self, path: Path) -> None:
        if disk_state(path)[0] == ABSENT:
            return
        try:
            await self.delete(path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise

    async def _link_anew(self, path: Path, target: str) -> None:
        if disk_state(path)[0] != ABSENT:
            await self.delete(path)
        await self.make_link(path, target)

    async def _write_content(self, path: Path, content: bytes | None) -> None:
        """Through the editor where it has the file, and so that the disk has these very bytes."""
        if content is None:
            raise OSError(errno.ENODATA, "its content is not kept", self.display(path))
        shown = text_of(content)
        if shown is not None and await self._inner.buffer(path) is not None:
            await self.write_text(path, shown)
        if disk_state(path)[1] != content:
            await self.write_bytes(path, content)

    # The rest is the inner workspace's.

    @property
    def root(self) -> Path:
        return self._inner.root

    @property
    def roots(self) -> tuple[Path, ...]:
        return self._inner.roots

    def resolve(self, path: str, *, follow: bool = True) -> Path:
        return self._inner.resolve(path, follow=follow)

    def display(self, path: Path) -> str:
        return self._inner.display(path)

    def sensitivity(self, path: Path) -> str | None:
        return self._inner.sensitivity(path)

    async def buffer(self, path: Path) -> str | None:
        """What an editor shows of a file, if there is one."""
        return await self._inner.buffer(path)

    async def read_text(self, path: Path) -> str:
        return await self._inner.read_text(path)

    async def read_bytes(self, path: Path) -> bytes:
        return await self._inner.read_bytes(path)

    async def stat(self, path: Path) -> FileStat | None:
        return await self._inner.stat(path)

    async def list_directory(self, path: Path) -> list[str]:
        return await self._inner.list_directory(path)

    async def glob(self, pattern: str, base: Path) -> list[Path]:
        return await self._inner.glob(pattern, base)

    async def search(self, pattern: str, glob: str | None = None) -> list[Match]:
        return await self._inner.search(pattern, glob)
