"""Reading and replacing one file on the local disk, without following a link that was swapped in."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from punie_acp.workspace.base import FileStat
from punie_acp.workspace.paths import naming, open_folder

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from punie_acp.workspace.paths import Roots

# O_NONBLOCK: opening a named pipe must not wait for a writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def read_file(roots: Roots, path: Path) -> bytes:
    """All of a regular file. Raises `OSError`'s subclasses, naming the path as a person would write it."""
    with naming(roots.display(path)), _open_parent(roots, path) as folder:
        descriptor = os.open(path.name, _READ, dir_fd=folder)
        try:
            found = os.fstat(descriptor)
            _refuse_irregular(found.st_mode)
            return _read_all(descriptor, found.st_size)
        finally:
            os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    """What is in an open file, of which `size` bytes are known. (A file object takes longer to make than to use.)"""
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    pieces = [data]
    while piece := os.read(descriptor, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


def _open_parent(roots: Roots, path: Path, *, create: bool = False) -> AbstractContextManager[int]:
    if path in roots.all:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return open_folder(roots, path.parent, create=create)


def _refuse_irregular(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "this is a device, a pipe or a socket, not a file")


def describe(path: Path) -> FileStat | None:
    """What is at `path`, or None; a link counts as what it is."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    kind = "file" if stat.S_ISREG(found.st_mode) else "directory" if stat.S_ISDIR(found.st_mode) else "other"
    return FileStat(kind, found.st_size, found.st_mtime, stat.S_IMODE(found.st_mode))


def list_folder(roots: Roots, path: Path) -> list[str]:
    """The names in a folder, sorted."""
    with naming(roots.display(path)), open_folder(roots, path) as folder:
        return sorted(os.listdir(folder))  # noqa: PTH208 - of a descriptor


def require_folder(roots: Roots, path: Path) -> None:
    """Raises `OSError` where `path` is no folder within the session's."""
    with open_folder(roots, path):
        pass


def replace_file(roots: Roots, path: Path, data: bytes) -> None:
    """Put `data` in the place of `path` in one step: readers see the old file or the new one.

    Missing folders are made. Mode and, where allowed, owner of an existing file are kept. Because the name moves to a
    new file, other hard links keep the old content, and access lists or extended attributes are not carried over.
    """
    with naming(roots.display(path)), _open_parent(roots, path, create=True) as folder:
        before = _before(path.name, folder)
        with _temporary(path.name, folder) as (temporary, descriptor):
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if before is not None:
                    _keep_owner_and_mode(descriptor, before)
                os.fsync(descriptor)
            os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def _before(name: str, folder: int) -> os.stat_result | None:
    """What is being replaced. Raises where it is no file, or one that must not be written."""
    try:
        before = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(before.st_mode):
        raise OSError(errno.ELOOP, "a link took the place of the file")
    _refuse_irregular(before.st_mode)
    if not os.access(name, os.W_OK, dir_fd=folder):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return before


@contextmanager
def _temporary(name: str, folder: int) -> Generator[tuple[str, int]]:
    """A new file beside `name`, gone at the end unless it was renamed."""
    # The name is cut so that a name of the longest length that a disk allows still has a neighbour.
    temporary = f".{name[:40]}.{secrets.token_hex(6)}.tmp"
    descriptor = os.open(temporary, _CREATE, 0o666, dir_fd=folder)
    try:
        yield temporary, descriptor
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _keep_owner_and_mode(descriptor: int, before: os.stat_result) -> None:
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with suppress(PermissionError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def set_mode(roots: Roots, path: Path, mode: int) -> None:
    """Set the permission bits of a file."""
    with naming(roots.display(path)), _open_parent(roots, path) as folder:
        descriptor = os.open(path.name, _READ, dir_fd=folder)
        try:
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)


def make_link(roots: Roots, path: Path, target: str) -> None:
    """Make a symbolic link where nothing is."""
    with naming(roots.display(path)), _open_parent(roots, path, create=True) as folder:
        os.symlink(target, path.name, dir_fd=folder)


def make_folder(roots: Roots, path: Path, *, parents: bool, exist_ok: bool) -> None:
    """Make a folder, as `Path.mkdir` does."""
    with naming(roots.display(path)):
        if path in roots.all:
            if not exist_ok:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            return
        with open_folder(roots, path.parent, create=parents) as folder:
            try:
                os.mkdir(path.name, dir_fd=folder)
            except FileExistsError:
                if not exist_ok or not stat.S_ISDIR(os.stat(path.name, dir_fd=folder).st_mode):
                    raise


def delete(roots: Roots, path: Path) -> None:
    """Delete a file, a link (never what it leads to), or an empty folder; never one of the session's folders."""
    with naming(roots.display(path)):
        _refuse_root(roots, path)
        with open_folder(roots, path.parent) as folder:
            if stat.S_ISDIR(os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode):
                os.rmdir(path.name, dir_fd=folder)
            else:
                os.unlink(path.name, dir_fd=folder)


def rename(roots: Roots, source: Path, target: Path) -> None:
    """Move a file, link or folder; a file at `target` is replaced."""
    with naming(f"{roots.display(source)} -> {roots.display(target)}"):
        _refuse_root(roots, source)
        _refuse_root(roots, target)
        with open_folder(roots, source.parent) as old, open_folder(roots, target.parent) as new:
            os.replace(source.name, target.name, src_dir_fd=old, dst_dir_fd=new)


def _refuse_root(roots: Roots, path: Path) -> None:
    if path in roots.all:
        raise PermissionError(errno.EACCES, "this is one of the session's own folders")
