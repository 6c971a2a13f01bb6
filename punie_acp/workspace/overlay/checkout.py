"""A copy of the project in which commands run while its changes wait.

Copied is what the project has, `.git` too where it is a folder (in a linked worktree it leads to the user's own
repository, and is left out). Folders of installed packages are linked. Other folders that .gitignore hides (caches,
build outputs) are left out. All of it blocks, so it runs in threads.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.workspace.find import Stopped
from punie_acp.workspace.ignores import Ignores
from punie_acp.workspace.overlay.cloning import copy_file
from punie_acp.workspace.states import disk_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from punie_acp.workspace.states import State

LINKED = frozenset({"node_modules", ".venv", "venv"})
"""Folders of installed packages: far too large to copy, and useless to leave out."""


class CheckoutError(OSError):
    """A command cannot run in a copy of the project."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a project may be that is copied."""

    files: int = 20_000  # and folders
    copied_bytes: int = 512 * 1024 * 1024  # of files whose content the file system cannot share
    seconds: float = 20.0


class Checkout:
    """The copy of the folders `roots`, each below `folder`."""

    def __init__(self, roots: Sequence[Path], folder: Path, limits: Limits) -> None:
        outermost = [root for root in roots if not any(other in root.parents for other in roots)]
        folder = folder.resolve()
        self.folder = folder
        self.copies = {root: folder / str(number) / (root.name or "root") for number, root in enumerate(outermost)}
        self.copied: dict[Path, str] = {}  # the signatures of the originals, when they were copied
        self._ignores = {root: Ignores(root) for root in outermost}
        self._limits = limits
        self._count = 0
        self._bytes = 0

    def of(self, path: Path) -> Path:
        """Where the copy has `path`."""
        root = next(root for root in self.copies if path.is_relative_to(root))
        return self.copies[root] / path.relative_to(root)

    # Copying.

    def make(self, stop: Callable[[], bool]) -> None:
        """Copy everything. Raises `CheckoutError` where there is too much, `OSError`, `Stopped`."""
        deadline = time.monotonic() + self._limits.seconds
        if any(self.folder.is_relative_to(root) for root in self.copies):
            raise CheckoutError(errno.EINVAL, "the agent's own data lie inside of the project")
        for root, copy in self.copies.items():
            copy.mkdir(parents=True)
            waiting = [(str(root), str(copy), False)]
            while waiting:
                if stop():
                    raise Stopped
                if time.monotonic() > deadline:
                    raise CheckoutError(errno.EFBIG, f"copying the project takes over {self._limits.seconds:g} s")
                waiting += self._copy_folder(*waiting.pop(), root)
            _hide_links(copy)

    def _copy_folder(self, folder: str, copy: str, whole: bool, root: Path) -> list[tuple[str, str, bool]]:
        """Copy what is in a folder; its folders are made, and returned. `whole`: hidden ones too (within `.git`)."""
        inner: list[tuple[str, str, bool]] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                target = f"{copy}/{entry.name}"
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry.is_symlink():
                    os.symlink(self._mapped(os.readlink(entry.path)), target)  # noqa: PTH115, PTH211
                elif not is_folder:
                    self._copy_file(entry, target)
                elif entry.name in LINKED and not whole:
                    os.symlink(entry.path, target)  # noqa: PTH211
                    continue
                elif whole or entry.name == ".git" or not self._ignores[root].hides_entry(entry.path, folder=True):
                    os.mkdir(target)  # noqa: PTH102 - this runs for every folder of a project
                    inner.append((entry.path, target, whole or entry.name == ".git"))
                self._count_one()
                if not whole:
                    self.copied[Path(entry.path)] = signature(entry.stat(follow_symlinks=False))
        return inner

    def _copy_file(self, entry: os.DirEntry[str], target: str) -> None:
        facts = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(facts.st_mode) or entry.name == ".git":
            return  # a pipe, a socket, a device; or the pointer of a linked worktree
        if not copy_file(entry.path, target):
            self._bytes += facts.st_size
        if self._bytes > self._limits.copied_bytes:
            limit = self._limits.copied_bytes // 2**20
            raise CheckoutError(errno.EFBIG, f"the project is larger than {limit:,} MiB, and would have to be copied")

    def _count_one(self) -> None:
        self._count += 1
        if self._count > self._limits.files:
            raise CheckoutError(errno.EFBIG, f"the project has more than {self._limits.files:,} files")

    def _mapped(self, target: str) -> str:
        return self.to_copy(target) if target.startswith("/") else target

    def to_copy(self, text: str) -> str:
        """`text` with the project's folders as the copy's."""
        return _replaced(text, {str(root): str(copy) for root, copy in self.copies.items()})

    def to_original(self, text: str) -> str:
        """`text` with the copy's folders as the project's."""
        return _replaced(text, {str(copy): str(root) for root, copy in self.copies.items()})

    # Changes into it, and out of it.

    def put(self, states: Mapping[Path, State]) -> None:
        """Make the paths what the overlay has there. What lies behind a link is left alone."""
        for path in sorted(states, key=lambda path: -len(path.parts)):
            copy = self.of(path)
            if self._holds(copy) and disk_state(copy)[0].kind != states[path][0].kind:
                _clear(copy)
        for path in sorted(states, key=lambda path: len(path.parts)):
            if self._holds(self.of(path)):
                _make(self.of(path), states[path], self._mapped)

    def _holds(self, copy: Path) -> bool:
        return copy.parent.resolve().is_relative_to(self.folder.resolve())

    def state(self, path: Path) -> State:
        """What the copy has at `path`."""
        entry, data = disk_state(self.of(path))
        if entry.kind == "link":
            return type(entry)("link", 0, self.to_original(entry.content)), None
        return entry, data

    def look(self, stop: Callable[[], bool]) -> dict[Path, str]:
        """The signatures of all paths, by their place in the project; without what .gitignore hides there."""
        found: dict[Path, str] = {}
        for root, copy in self.copies.items():
            waiting = [(str(root), str(copy))]
            while waiting:
                if stop():
                    raise Stopped
                for original, entry in _listed(*waiting.pop()):
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if self._ignores[root].hides_entry(original, folder=is_folder):
                        continue
                    found[Path(original)] = signature(entry.stat(follow_symlinks=False))
                    if is_folder:
                        waiting.append((original, entry.path))
        return found

    def remove(self) -> None:
        """Delete the copy."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _hide_links(copy: Path) -> None:
    """A pattern like `.venv/` hides folders only, and here they are links: git is told to pass over those too."""
    if (copy / ".git").is_dir():
        file = copy / ".git" / "info" / "exclude"
        file.parent.mkdir(exist_ok=True)
        before = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
        file.write_text("\n".join([before, *LINKED, ""]), encoding="utf-8", errors="surrogateescape")


def signature(facts: os.stat_result) -> str:
    """What changes whenever a file does; a folder's does not change with what is in it."""
    if stat.S_ISDIR(facts.st_mode):
        return "folder"
    return f"{facts.st_mode} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns} {facts.st_ino}"


def _listed(original: str, copy: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(copy) as entries:
        for entry in entries:
            yield f"{original}/{entry.name}", entry


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _make(path: Path, state: State, mapped: Callable[[str], str]) -> None:
    entry, data = state
    if entry.kind == "folder":
        path.mkdir(parents=True, exist_ok=True)
    elif entry.kind == "link":
        _clear(path)
        path.symlink_to(mapped(entry.content))
    elif entry.kind == "file" and data is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear(path)
        path.write_bytes(data)
        if entry.mode:
            path.chmod(entry.mode)


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for old, new in sorted(names.items(), key=lambda pair: -len(pair[0])):
        if old in text and old != "/":
            text = _boundary(old).sub(lambda _, new=new: new, text)
    return text


def _boundary(name: str) -> re.Pattern[str]:
    """Finds `name` as a whole path, or as the beginning of one."""
    return re.compile(rf"(?<![\w.~-]){re.escape(name)}(?![\w~-]|\.\w)")
