"""Which processes are still there. Each holds a lock on a file of its own, which the kernel lets go of when it dies.

A process id would not do: it is given to another process later, and names nothing inside another container. `flock`
works so on Linux and macOS. Who asks takes a shared lock for a moment, so that two who ask do not mislead each other.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Owner:
    """This process, as the owner of the turns that it runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: tuple[str, int] | None = None  # our name and the open file

    def name(self) -> str:
        """Our name, under a lock from now on. Raises `OSError`."""
        if self._held is None:
            self._held = self._hold()
        return self._held[0]

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name is there."""
        if self._held is not None and self._held[0] == name:
            return True
        return not self._let_go(self._folder / name, remove=False)

    def gone(self) -> list[str]:
        """The names of processes that are not there any more."""
        if not self._folder.is_dir():
            return []
        return [file.name for file in self._folder.iterdir() if not self.is_alive(file.name)]

    def forget(self, name: str) -> None:
        """Remove what a process left here, if it is not there any more."""
        self._let_go(self._folder / name, remove=True)

    def release(self) -> None:
        """Be gone, for all others."""
        if self._held is not None:
            name, file = self._held
            self._held = None
            (self._folder / name).unlink(missing_ok=True)
            os.close(file)

    def _hold(self) -> tuple[str, int]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            name = f"{os.getpid()}-{os.urandom(8).hex()}"
            file = os.open(self._folder / name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:  # else somebody took it for a dead one's before it was locked
                return name, file
            os.close(file)

    def _let_go(self, path: Path, *, remove: bool) -> bool:
        """Whether nobody holds the lock on `path`, which then is removed if asked for."""
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            if remove:
                with suppress(FileNotFoundError):
                    path.unlink()
            return True
        finally:
            os.close(file)
