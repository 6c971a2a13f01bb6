"""The workspace on this machine: its disk, and commands in process groups of their own."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from punie_acp.workspace import disk, text
from punie_acp.workspace.base import NotTextError, PathEscapeError
from punie_acp.workspace.ignores import Ignores
from punie_acp.workspace.paths import Roots, naming, parts_below
from punie_acp.workspace.sensitive import secret_reason_of
from punie_acp.workspace.stopping import in_stoppable_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from punie_acp.workspace.base import CommandProgress, CommandResult, FileStat, Match
    from punie_acp.workspace.outputs import Outputs

INLINE_BYTES = 256 * 1024
"""Smaller files are read on the event loop: that takes less time than handing them to a thread."""
MAX_BYTES = 256 * 1024 * 1024
"""Larger files are not read at all."""


class LocalWorkspace:
    """`Workspace` on the local disk and shell. Writes go through a thread because they wait for the disk."""

    def __init__(
        self,
        root: Path,
        additional: Sequence[Path] = (),
        *,
        variables: Collection[str] = (),
        outputs: Outputs | None = None,
    ) -> None:
        """Raises `FileNotFoundError` or `NotADirectoryError` where one of the folders is not one.

        `variables` names environment variables that commands get although they look like secrets; `outputs` keeps
        long outputs, which may be read although they lie elsewhere.
        """
        self.variables = variables
        self._outputs = outputs
        self._roots = Roots(root, additional)
        self._ignores = {folder: Ignores(folder) for folder in self._roots.all}

    @property
    def root(self) -> Path:
        return self._roots.first

    @property
    def roots(self) -> tuple[Path, ...]:
        return self._roots.all

    def resolve(self, path: str, *, follow: bool = True) -> Path:
        try:
            return self._roots.resolve(path, follow=follow)
        except PathEscapeError:
            outputs = self._output_roots()
            if outputs is None or follow is False:
                raise
            with suppress(OSError):
                return outputs.resolve(path)
            raise

    def _output_roots(self) -> Roots | None:
        """The folder of kept outputs, once there is one."""
        return Roots(self._outputs.folder) if self._outputs is not None and self._outputs.folder.is_dir() else None

    def is_output(self, path: Path) -> bool:
        """Whether `path`, which `resolve` gave, is a kept output: it can be read, and not be written."""
        return not self._roots.contain(path)

    def display(self, path: Path) -> str:
        return self._roots.display(path)

    def sensitivity(self, path: Path) -> str | None:
        top = self._roots.above(path)
        if top is None:
            return None
        reason = secret_reason_of(parts_below(path, top) or ())
        if reason is None and self._ignores[top].hides(path, folder=os.path.isdir(path)):  # noqa: PTH112 - twice as fast
            return "it is hidden by .gitignore"
        return reason

    async def read_text(self, path: Path) -> str:
        return (await self.read_decoded(path)).text

    async def read_decoded(self, path: Path) -> text.Decoded:
        """A text file together with how it is written. Raises `NotTextError`, `FileNotFoundError`…"""
        data = await self._read(path, MAX_BYTES if self.is_output(path) else text.MAX_TEXT_BYTES)
        if len(data) < INLINE_BYTES:
            return text.decode(data, self.display(path))
        return await anyio.to_thread.run_sync(text.decode, data, self.display(path))

    async def read_bytes(self, path: Path) -> bytes:
        return await self._read(path, MAX_BYTES)

    async def _read(self, path: Path, limit: int) -> bytes:
        found = disk.describe(path)
        size = found.size if found else 0
        if found and found.kind == "file" and size > limit:
            raise NotTextError(f"{self.display(path)} is too large to be read: {size:,} bytes, the limit is {limit:,}")
        roots = (self._output_roots() if self.is_output(path) else None) or self._roots
        if size < INLINE_BYTES:
            return disk.read_file(roots, path)
        return await anyio.to_thread.run_sync(disk.read_file, roots, path)

    async def write_text(self, path: Path, content: str) -> None:
        await anyio.to_thread.run_sync(self._write_text, path, content)

    def _write_text(self, path: Path, content: str) -> None:
        data = text.encode(content, self.display(path), self._as_written(path))
        disk.replace_file(self._roots, path, data)

    def _as_written(self, path: Path) -> text.Decoded | None:
        """How the text file at `path` is written; None where there is none to go by."""
        found = disk.describe(path)
        if found is None or found.kind != "file" or not 0 < found.size <= text.MAX_TEXT_BYTES:
            return None
        try:
            return text.decode(disk.read_file(self._roots, path), self.display(path))
        except NotTextError:  # text takes the place of something else
            return None

    async def write_bytes(self, path: Path, data: bytes) -> None:
        await anyio.to_thread.run_sync(disk.replace_file, self._roots, path, data)

    async def set_mode(self, path: Path, mode: int) -> None:
        """Set the permission bits of a file."""
        disk.set_mode(self._roots, path, mode)

    async def make_link(self, path: Path, target: str) -> None:
        """Make a symbolic link where nothing is."""
        disk.make_link(self._roots, path, target)

    async def buffer(self, path: Path) -> str | None:
        """What an editor shows of a file, if there is one."""
        return None

    async def stat(self, path: Path) -> FileStat | None:
        with naming(self.display(path)):
            found = disk.describe(path)
            return self._described_target(path) or found if found and found.kind == "other" else found

    def _described_target(self, link: Path) -> FileStat | None:
        """What a link leads to, where that lies within the session's folders."""
        try:
            return disk.describe(self.resolve(str(link)))
        except OSError:
            return None

    async def list_directory(self, path: Path) -> list[str]:
        return await anyio.to_thread.run_sync(disk.list_folder, self._roots, path)

    async def make_directory(self, path: Path, *, parents: bool, exist_ok: bool) -> None:
        disk.make_folder(self._roots, path, parents=parents, exist_ok=exist_ok)

    async def delete(self, path: Path) -> None:
        disk.delete(self._roots, path)

    async def rename(self, source: Path, target: Path) -> None:
        disk.rename(self._roots, source, target)

    async def glob(self, pattern: str, base: Path) -> list[Path]:
        return await in_stoppable_thread(lambda stop: self._glob(pattern, base, stop))

    def _glob(self, pattern: str, base: Path, stop: Callable[[], bool]) -> list[Path]:
        from punie_acp.workspace import find

        found: set[Path] = set()
        for one in find.parse(pattern, base):
            start = self.resolve(str(one.start))
            top = self._roots.above(start)
            assert top is not None
            found.update(find.Walk(one.at(start), self._ignores[top], stop).run())
        return sorted(found)

    async def search(self, pattern: str, glob: str | None = None) -> list[Match]:
        return await in_stoppable_thread(lambda stop: self._search(pattern, glob, stop))

    def _search(self, pattern: str, glob: str | None, stop: Callable[[], bool]) -> list[Match]:
        from punie_acp.workspace import search

        below = "**" if glob is None else glob if "/" in glob else f"**/{glob}"
        files = [path for top in self._roots.all for path in self._glob(below, top, stop)]
        open_files = [path for path in dict.fromkeys(files) if self._may_be_searched(path)]
        return search.search(self._roots, open_files, pattern, stop)

    def _may_be_searched(self, path: Path) -> bool:
        top = self._roots.above(path)
        return top is not None and secret_reason_of(parts_below(path, top) or ()) is None

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
        from punie_acp.workspace import processes

        self.require_folder(cwd)
        variables = processes.environment(env, allowed=self.variables)
        request = processes.Command(command, cwd, timeout, variables, stdin, self._outputs)
        return await processes.run(request, on_progress)

    def require_folder(self, path: Path) -> None:
        """Raises `PathEscapeError`, `FileNotFoundError` or `NotADirectoryError` where `path` cannot be worked in."""
        with naming(self.display(path)):
            disk.require_folder(self._roots, path)
