"""A workspace around another one, whose changes stay here until they land.

Its own reads, listings and searches see them, and so do its commands, which run in a copy of the project (`checkout`).
What .gitignore files say is taken from the disk: a change of one of them counts when it has landed.
"""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

import anyio

from punie_acp.workspace import text
from punie_acp.workspace.base import FileStat, NotTextError, PathEscapeError
from punie_acp.workspace.checkpoints.values import Entry
from punie_acp.workspace.overlay import landing, looking
from punie_acp.workspace.overlay.changes import NOTHING, FileChange, Layer
from punie_acp.workspace.overlay.commands import Commands
from punie_acp.workspace.states import MAX_KEPT_BYTES, MAX_MOVED, file_state, shown_state

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from punie_acp.workspace.base import CommandProgress, CommandResult, Match
    from punie_acp.workspace.outputs import Outputs
    from punie_acp.workspace.overlay.checkout import Limits
    from punie_acp.workspace.states import Inner, State

NEW_FILE_MODE = 0o644  # as it is told of a file that is not there yet


class OverlayWorkspace:
    """`Workspace` in which nothing reaches `inner` before `land`. Call `close` when it is no longer needed."""

    def __init__(
        self,
        inner: Inner,
        checkout_folder: Path,
        *,
        limits: Limits | None = None,
        variables: Collection[str] = (),
        outputs: Outputs | None = None,
    ) -> None:
        """`checkout_folder` must not exist, and is made for the first command; the rest is as for `LocalWorkspace`."""
        self._inner = inner
        self._layer = Layer()
        self._lock = anyio.Lock()  # changes and commands one after the other
        self._commands = Commands(inner.roots, checkout_folder, limits, variables, outputs)
        self._looking = looking.Looking(inner, self._layer)
        self._made = time.time()

    # The outcome.

    def changes(self) -> list[FileChange]:
        """What would become of the project, by path; of folders only those that are made or go."""
        return self._layer.changes()

    async def land(self, paths: Collection[Path] | None = None) -> list[FileChange]:
        """Bring the changes at `paths` (all, if None) to the inner workspace: every one of them, or none.

        What one cannot do without comes with it: a new file's new folder. Returns what has landed. Raises
        `ConflictError` where something else changed meanwhile, or `OSError`; then nothing has changed.
        """
        async with self._lock:
            changes = self._layer.changes() if paths is None else self._layer.closed(paths)
            await landing.land(self._inner, changes, self._commands.stale)
            return changes

    async def close(self) -> None:
        """Remove the copy of the project, if there is one."""
        await self._commands.close()

    # Changes.

    async def write_text(self, path: Path, content: str) -> None:
        self._require_inside(path)
        async with self._lock:
            name = self.display(path)
            await self._write(path, text.encode(content, name, await self._as_written(path)))

    async def _as_written(self, path: Path) -> text.Decoded | None:
        """How the text file at `path` is written; None where there is none to go by."""
        try:
            data = await self.read_bytes(path)
            return text.decode(data, self.display(path)) if data else None
        except (FileNotFoundError, NotADirectoryError, NotTextError):
            return None

    async def write_bytes(self, path: Path, data: bytes) -> None:
        self._require_inside(path)
        async with self._lock:
            await self._write(path, data)

    async def _write(self, path: Path, data: bytes) -> None:
        kind = self._looking.kind(path)
        if kind == "folder":
            raise self._error(errno.EISDIR, path)
        if len(data) > MAX_KEPT_BYTES:
            raise self._error(errno.EFBIG, path)
        await self._make_parents(path)
        await self._touch(path)
        before = self._layer.at(path) or self._layer.before[path]
        self._layer.now[path] = file_state(data, before[0].mode if before[0].kind == "file" else 0)

    async def _make_parents(self, path: Path) -> None:
        missing: list[Path] = []
        for parent in path.parents:
            kind = self._looking.kind(parent)
            if kind == "folder":
                break
            if kind != "absent":
                raise self._error(errno.ENOTDIR, path)
            missing.append(parent)
        for parent in reversed(missing):
            await self._set(parent, (Entry("folder"), None))

    async def _touch(self, path: Path) -> None:
        """Remember what is below before the path is changed for the first time."""
        if path in self._layer.before:
            return
        state = await shown_state(self._inner, path)
        if state[0].kind == "other" or (state[0].kind == "file" and state[1] is None):
            raise self._error(errno.EFBIG, path)  # it could not be shown, nor brought back
        self._layer.before[path] = state

    async def _set(self, path: Path, state: State) -> None:
        await self._touch(path)
        self._layer.now[path] = state

    async def make_directory(self, path: Path, *, parents: bool, exist_ok: bool) -> None:
        self._require_inside(path)
        async with self._lock:
            kind = self._looking.kind(path)
            if kind != "absent":
                if not exist_ok or kind != "folder":
                    raise self._error(errno.EEXIST, path)
                return
            if parents:
                await self._make_parents(path)
            self._require_folder(path.parent, path)
            await self._set(path, (Entry("folder"), None))

    async def delete(self, path: Path) -> None:
        self._require_inside(path, root=False)
        async with self._lock:
            self._require_folder(path.parent, path)
            kind = self._looking.kind(path)
            if kind == "absent":
                raise self._error(errno.ENOENT, path)
            if kind == "folder" and await self.list_directory(path):
                raise self._error(errno.ENOTEMPTY, path)
            await self._set(path, NOTHING)

    async def rename(self, source: Path, target: Path) -> None:
        for path in (source, target):
            self._require_inside(path, root=False)
        async with self._lock:
            if await self._may_move(source, target):
                moved = await self._all_below(source)
                states = {path: self._layer.at(path) or await shown_state(self._inner, path) for path in moved}
                for path in [*moved, *(target / path.relative_to(source) for path in moved)]:
                    await self._touch(path)
                for path, state in states.items():
                    moved_to = target / path.relative_to(source)
                    if (reason := self.sensitivity(path)) is not None:
                        self._looking.moved_secrets[moved_to] = reason
                    self._layer.now[path] = NOTHING
                    self._layer.now[moved_to] = state

    async def _may_move(self, source: Path, target: Path) -> bool:
        """Whether there is something to do. Raises as `os.replace` does."""
        self._require_folder(source.parent, source)
        self._require_folder(target.parent, target)
        kind, there = self._looking.kind(source), self._looking.kind(target)
        if kind == "absent":
            raise self._error(errno.ENOENT, source)
        if source == target:
            return False
        if kind == "folder" and target.is_relative_to(source):
            raise self._error(errno.EINVAL, source)
        if kind != "folder" and there == "folder":
            raise self._error(errno.EISDIR, target)
        if kind == "folder" and there not in ("absent", "folder"):
            raise self._error(errno.ENOTDIR, target)
        if there == "folder" and await self.list_directory(target):
            raise self._error(errno.ENOTEMPTY, target)
        return True

    async def _all_below(self, path: Path) -> list[Path]:
        """`path` and all that is in it, folders before what is in them."""
        found = [path]
        for folder in found:
            if self._looking.kind(folder) == "folder":
                found += [folder / name for name in await self.list_directory(folder)]
            if len(found) > MAX_MOVED:
                raise self._error(errno.EFBIG, path)
        return found

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
        """As the protocol says, in a copy. Raises `CheckoutError` where there can be none."""
        self._require_folder(cwd, cwd)
        async with self._lock:
            return await self._commands.run(
                self._layer, command, cwd=cwd, timeout=timeout, env=env, stdin=stdin, on_progress=on_progress
            )

    # Looking.

    async def read_text(self, path: Path) -> str:
        known = self._looking.state(path)
        if known is None:
            return await self._inner.read_text(path)
        data = self._content(path, known)
        if len(data) > text.MAX_TEXT_BYTES:
            raise NotTextError(f"{self.display(path)} is too large to be read as text: {len(data):,} bytes")
        return text.decode(data, self.display(path)).text

    async def read_bytes(self, path: Path) -> bytes:
        known = self._looking.state(path)
        return await self._inner.read_bytes(path) if known is None else self._content(path, known)

    def _content(self, path: Path, state: State) -> bytes:
        if state[0].kind == "folder":
            raise self._error(errno.EISDIR, path)
        if state[1] is None:
            raise self._error(errno.ENOENT, path)
        return state[1]

    async def stat(self, path: Path) -> FileStat | None:
        known = self._looking.state(path)
        if known is None:
            return await self._inner.stat(path)
        entry, data = known
        if entry.kind == "absent":
            return None
        if entry.kind == "folder":
            return FileStat("directory", 0, self._made, entry.mode or 0o755)
        return FileStat("file", len(data or b""), self._made, entry.mode or NEW_FILE_MODE)

    async def list_directory(self, path: Path) -> list[str]:
        known = self._layer.at(path)
        if known is not None and known[0].kind != "folder":
            raise self._error(errno.ENOENT if known[0].kind == "absent" else errno.ENOTDIR, path)
        names: set[str] = set() if known is not None else {*await self._inner.list_directory(path)}
        for name, state in self._layer.children(path):
            (names.discard if state[0].kind == "absent" else names.add)(name)
        return sorted(names)

    async def glob(self, pattern: str, base: Path) -> list[Path]:
        return await self._looking.glob(pattern, base)

    async def search(self, pattern: str, glob: str | None = None) -> list[Match]:
        return await self._looking.search(pattern, glob)

    # The rest is the inner workspace's.

    @property
    def root(self) -> Path:
        return self._inner.root

    @property
    def roots(self) -> tuple[Path, ...]:
        return self._inner.roots

    def resolve(self, path: str, *, follow: bool = True) -> Path:
        found = self._inner.resolve(path, follow=follow)
        return self._looking.followed(found) if follow else found

    def display(self, path: Path) -> str:
        return self._inner.display(path)

    def sensitivity(self, path: Path) -> str | None:
        return self._looking.sensitivity(path)

    def _require_inside(self, path: Path, *, root: bool = True) -> None:
        if not any(path.is_relative_to(folder) for folder in self.roots):
            raise PathEscapeError(errno.EACCES, "the path lies outside the session's folders", str(path))
        if not root and path in self.roots:
            raise PermissionError(errno.EACCES, "this is one of the session's own folders", self.display(path))

    def _require_folder(self, folder: Path, path: Path) -> None:
        kind = self._looking.kind(folder)
        if kind != "folder":
            raise self._error(errno.ENOENT if kind == "absent" else errno.ENOTDIR, path)

    def _error(self, number: int, path: Path) -> OSError:
        said = "too large for a review" if number == errno.EFBIG else os.strerror(number)
        return OSError(number, said, self.display(path))
