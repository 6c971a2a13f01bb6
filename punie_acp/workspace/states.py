"""What is at a path, with its content: on disk, and as the editor shows it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from punie_acp.workspace import text
from punie_acp.workspace.base import NotTextError, Workspace
from punie_acp.workspace.checkpoints.snapshot import read_regular_file
from punie_acp.workspace.checkpoints.values import ABSENT, Entry, file_entry, file_not_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""Of a file that a program writes; what was in a larger one is not kept."""
MAX_MOVED = 20_000
"""Files of a folder that is renamed; in a larger one they are not recorded."""

State: TypeAlias = tuple[Entry, bytes | None]


class Inner(Workspace, Protocol):
    """A workspace whose changes can be recorded and undone: the local one, or the editor's."""

    async def set_mode(self, path: Path, mode: int) -> None: ...

    async def make_link(self, path: Path, target: str) -> None: ...

    async def buffer(self, path: Path) -> str | None: ...


def disk_state(path: Path) -> State:
    """What is at `path` on disk. The content of a file that is too large, or cannot be read, is missing."""
    try:
        facts = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT, None
    mode = stat.S_IMODE(facts.st_mode)
    if stat.S_ISDIR(facts.st_mode):
        return Entry("folder", mode), None
    if stat.S_ISLNK(facts.st_mode):
        return Entry("link", 0, str(path.readlink())), None
    if stat.S_ISREG(facts.st_mode):
        return _file_on_disk(path, facts)
    return Entry("other"), None


def _file_on_disk(path: Path, facts: os.stat_result) -> State:
    mode = stat.S_IMODE(facts.st_mode)
    try:
        if facts.st_size <= MAX_KEPT_BYTES:
            return file_state(read_regular_file(str(path)), mode)
    except OSError:
        pass  # not ours to read
    return file_not_kept(mode, facts.st_size, facts.st_mtime_ns, facts.st_ino), None


async def shown_state(workspace: Inner, path: Path) -> State:
    """What is at `path`; of a text file what would be there if the editor saved what it shows."""
    on_disk = entry, data = disk_state(path)
    if entry.kind not in ("absent", "file") or await workspace.buffer(path) is None:
        return on_disk
    name = workspace.display(path)
    try:
        shown = await workspace.read_text(path)
        decoded = text.decode(data, name) if data is not None else None
        if decoded is not None and decoded.text == shown:
            return on_disk
        return file_state(text.encode(shown, name, decoded), entry.mode or 0o644)
    except (OSError, NotTextError):
        return on_disk


async def has_unsaved(workspace: Inner, path: Path, known: Sequence[bytes]) -> bool:
    """Whether the editor shows a text that is neither on disk nor one of `known`."""
    shown = await workspace.buffer(path)
    if shown is None:
        return False
    on_disk = disk_state(path)[1]
    return all(text_of(data) != shown for data in (*known, *([] if on_disk is None else [on_disk])))


def file_state(data: bytes, mode: int = 0o644) -> State:
    """A file with this content."""
    return file_entry(data, mode), data


def text_of(data: bytes) -> str | None:
    """The text of a file that an editor can be given: UTF-8."""
    try:
        decoded = text.decode(data, "")
    except NotTextError:
        return None
    return decoded.text if decoded.encoding == "utf-8" else None


def missing_parents(path: Path) -> list[Path]:
    """The folders above `path` that are not there, the lowest first."""
    missing: list[Path] = []
    for parent in path.parents:
        if parent.exists():
            break
        missing.append(parent)
    return missing


def all_below(path: Path) -> list[Path]:
    """`path`, and all that is in it where it is a folder, as far as `MAX_MOVED` and one more."""
    found = [path]
    if path.is_dir() and not path.is_symlink():
        for folder, folders, files in os.walk(path):
            found += [Path(folder, name) for name in (*folders, *files)]
            if len(found) > MAX_MOVED:
                break
    return found
