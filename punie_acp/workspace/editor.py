"""The workspace as the editor sees it: unsaved buffers count, commands run in its terminals.

Each of the editor's methods is used where the editor advertises it; what it does not offer, and what ACP has no method
for, happens on the local disk. In particular:

- Text goes through the editor where the file on disk is missing or UTF-8. ACP's methods carry no encoding, so files in
  another one are read and written on disk.
- `read_bytes`, `stat`, `glob` and `search` see the disk: ACP cannot be asked which buffers have unsaved changes.
- After a write the file on disk gets back what an editor may have dropped: line ends, byte-order mark, mode.
- A command with input runs locally, because an ACP terminal has none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from punie_acp.workspace import text
from punie_acp.workspace.base import NotTextError
from punie_acp.workspace.client import Offers, client_errors, text_of
from punie_acp.workspace.environment import emptied
from punie_acp.workspace.freshness import Freshness
from punie_acp.workspace.terminals import ClientTerminals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from punie_acp.workspace.base import CommandProgress, CommandResult, FileStat, Match
    from punie_acp.workspace.client import JSON, ClientCalls
    from punie_acp.workspace.local import LocalWorkspace
    from punie_acp.workspace.text import Decoded


class EditorWorkspace:
    """`Workspace` through an ACP client, over a `LocalWorkspace` for what the client does not do."""

    def __init__(
        self, local: LocalWorkspace, client: ClientCalls, session_id: str, capabilities: Mapping[str, JSON]
    ) -> None:
        """`capabilities` are the `clientCapabilities` of `initialize`, as they came."""
        self._local = local
        self._client = client
        self._session_id = session_id
        self._offers = Offers.of(capabilities)
        self._terminals = ClientTerminals(client, session_id)
        self._freshness = Freshness()

    @property
    def root(self) -> Path:
        return self._local.root

    @property
    def roots(self) -> tuple[Path, ...]:
        return self._local.roots

    def resolve(self, path: str, *, follow: bool = True) -> Path:
        return self._local.resolve(path, follow=follow)

    def display(self, path: Path) -> str:
        return self._local.display(path)

    def sensitivity(self, path: Path) -> str | None:
        return self._local.sensitivity(path)

    async def read_text(self, path: Path) -> str:
        if not self._offers.read_text or self._local.is_output(path):
            return await self._local.read_text(path)
        on_disk = await self._on_disk(path)
        if on_disk is not None and not _is_plain(on_disk):
            return on_disk.text
        disk_text = None if on_disk is None else on_disk.text
        return self._believed(path, disk_text, await self._in_editor(path, known=on_disk is not None))

    async def _on_disk(self, path: Path) -> Decoded | None:
        try:
            return await self._local.read_decoded(path)
        except FileNotFoundError:
            return None

    async def _in_editor(self, path: Path, *, known: bool) -> str | None:
        """The editor's text, newlines as `\\n`. None where it has none of a file that is `known` to be on disk."""
        method = "fs/read_text_file"
        try:
            with client_errors(self.display(path)):
                answer = await self._client.request(method, {"sessionId": self._session_id, "path": str(path)})
                return text.normalise(text_of(answer, "content", method)).removeprefix("\ufeff")
        except FileNotFoundError:
            if not known:
                raise
            return None

    async def buffer(self, path: Path) -> str | None:
        """What the editor shows of a file, unsaved changes too. None where it cannot be asked, or knows of none."""
        if not self._offers.read_text or self._local.is_output(path):
            return None
        try:
            return await self._in_editor(path, known=True)
        except OSError:
            return None

    def _believed(self, path: Path, on_disk: str | None, in_editor: str | None) -> str:
        if in_editor is None or on_disk == in_editor:
            self._freshness.trust_editor(path)
        elif not self._freshness.editor_is_behind(path, in_editor):
            return in_editor
        if on_disk is None:
            raise FileNotFoundError(2, "No such file or directory", self.display(path))
        return on_disk

    async def write_text(self, path: Path, content: str) -> None:
        through_editor, before = self._offers.write_text, None
        try:
            before = await self._on_disk(path)
        except NotTextError:
            through_editor = False  # it may not be able to open the file
        if through_editor and (before is None or _is_plain(before)):
            await self._write_in_editor(path, content, before)
        else:
            await self._write_on_disk(path, content)

    async def _write_on_disk(self, path: Path, content: str) -> None:
        with self._freshness.behind_the_editor():
            await self._local.write_text(path, content)

    async def _write_in_editor(self, path: Path, content: str, before: Decoded | None) -> None:
        mode = await self._local.stat(path)
        # An editor has its own idea of a file's line ends; those of the text must not become part of its lines.
        sent = content if before is None else text.normalise(content)
        expected = text.encode(content, self.display(path), before)
        await self._local.make_directory(path.parent, parents=True, exist_ok=True)
        with client_errors(self.display(path)):
            params: dict[str, JSON] = {"sessionId": self._session_id, "path": str(path), "content": sent}
            await self._client.request("fs/write_text_file", params)
        await self._restore_form(path, expected, mode)
        self._freshness.trust_editor(path)

    async def _restore_form(self, path: Path, expected: bytes, before: FileStat | None) -> None:
        """Give the saved file back its line ends, byte-order mark and mode, where its text is what was written."""
        found = await self._local.stat(path)
        if found is None or found.kind != "file":
            return  # the editor keeps it in an unsaved buffer
        if await self._lost_its_form(path, expected):
            await self._local.write_bytes(path, expected)
        if before is not None and found.mode != before.mode:
            await self._local.set_mode(path, before.mode)

    async def _lost_its_form(self, path: Path, expected: bytes) -> bool:
        saved = await self._local.read_bytes(path)
        if saved == expected:
            return False
        name = self.display(path)
        try:
            return text.decode(saved, name).text == text.decode(expected, name).text
        except NotTextError:
            return False

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
        with self._freshness.behind_the_editor():
            if self._offers.terminal and stdin is None:
                self._local.require_folder(cwd)
                variables = emptied(os.environ, self._local.variables) | dict(env or {})
                return await self._terminals.run(
                    command, cwd=cwd, timeout=timeout, env=variables, on_progress=on_progress
                )
            return await self._local.run_command(
                command, cwd=cwd, timeout=timeout, env=env, stdin=stdin, on_progress=on_progress
            )

    # What ACP has no method for.

    async def read_bytes(self, path: Path) -> bytes:
        return await self._local.read_bytes(path)

    async def write_bytes(self, path: Path, data: bytes) -> None:
        with self._freshness.behind_the_editor():
            await self._local.write_bytes(path, data)

    async def set_mode(self, path: Path, mode: int) -> None:
        """Set the permission bits of a file."""
        await self._local.set_mode(path, mode)

    async def make_link(self, path: Path, target: str) -> None:
        """Make a symbolic link where nothing is."""
        with self._freshness.behind_the_editor():
            await self._local.make_link(path, target)

    async def stat(self, path: Path) -> FileStat | None:
        return await self._local.stat(path)

    async def list_directory(self, path: Path) -> list[str]:
        return await self._local.list_directory(path)

    async def glob(self, pattern: str, base: Path) -> list[Path]:
        return await self._local.glob(pattern, base)

    async def search(self, pattern: str, glob: str | None = None) -> list[Match]:
        return await self._local.search(pattern, glob)

    async def make_directory(self, path: Path, *, parents: bool, exist_ok: bool) -> None:
        await self._local.make_directory(path, parents=parents, exist_ok=exist_ok)

    async def delete(self, path: Path) -> None:
        with self._freshness.behind_the_editor():
            await self._local.delete(path)

    async def rename(self, source: Path, target: Path) -> None:
        with self._freshness.behind_the_editor():
            await self._local.rename(source, target)


def _is_plain(decoded: Decoded) -> bool:
    return decoded.encoding == "utf-8"
