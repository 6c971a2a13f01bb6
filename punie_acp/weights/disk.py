"""The disk's side of a pull: free space, checksums, a lock between processes."""

from __future__ import annotations

import errno
import hashlib
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from punie_acp.weights.errors import DiskFullError
from punie_acp.weights.progress import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

_CHUNK = 1 << 20


def free_bytes(path: Path) -> int:
    """What may still be written in the file system that holds `path`, whose nearest existing parent is asked."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def require_space(needed: int, path: Path, free: Callable[[Path], int], purpose: str) -> None:
    """Raise `DiskFullError` if `path`'s file system has less than `needed` bytes."""
    there = free(path)
    if there < needed:
        raise DiskFullError(
            f"{purpose} needs {size_text(needed)} of free disk space, and {path} has {size_text(there)}; "
            "free some, or set PUNIE_DATA_DIR to a folder on a larger disk."
        )


@contextmanager
def full_disk_told(path: Path) -> Generator[None]:
    """Turns the operating system's "no space left" (or quota) into a `DiskFullError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFullError(
            f"The disk that holds {path} is full; free some space and run the command again."
        ) from error


def sha256_of(path: Path, tell: Callable[[int], None] | None = None) -> str:
    """The file's SHA-256 in hexadecimal; `tell` hears how many bytes each step read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if tell:
                tell(len(chunk))
    return digest.hexdigest()


def tree_bytes(folder: Path) -> int:
    """The size of all files below `folder`; 0 if there is none."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@contextmanager
def exclusive(lock: Path, waiting: Callable[[], None]) -> Generator[None]:
    """Hold `lock` against other processes. `waiting` is called if another has it. The dead hold none."""
    import fcntl

    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
