"""Processes of a command that have left its session (`setsid`), told by what they inherit, and by who started them.

They inherit a variable, and, where the system shows it (Linux), the pipes that its output goes to and one that nothing
is said on: `env -i` leaves those. What drops all of them at once is found while its parents live.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
import stat
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import anyio
import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "AGENT_COMMAND_MARK"  # not PUNIE_…: those are our settings, which no command is given
END_SECONDS = 1.0
"""How long processes are ended that start others meanwhile."""

_SHOWN = Path("/proc/self/fd").exists()  # whether the system shows what another process has open
_LEAST_NUMBER = 100  # of the silent pipe: shells and scripts count from below
_numbers = itertools.count(1)


class SilentPipe:
    """A pipe that a command and all that it starts inherit, and on which nothing is said.

    It is open here as long as the block lasts, so that no other pipe can be taken for it.
    """

    def __init__(self) -> None:
        self._reading = -1
        self.given: tuple[int, ...] = ()  # what the command is to be given, under the same number
        if _SHOWN:
            self._reading, writing = os.pipe()
            self.given = (fcntl.fcntl(writing, fcntl.F_DUPFD_CLOEXEC, _LEAST_NUMBER),)
            os.close(writing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number in (self._reading, *self.given) if self.given else ():
            os.close(number)

    @property
    def identity(self) -> tuple[int, int] | None:
        """Its device and inode."""
        known = os.fstat(self._reading) if self.given else None
        return (known.st_dev, known.st_ino) if known else None


@dataclass(frozen=True, slots=True)
class Mark:
    """The value of `VARIABLE` for one command, and the processes that were there before it."""

    value: str = field(default_factory=lambda: f"{os.getpid()}-{next(_numbers)}")
    before: frozenset[int] = field(default_factory=lambda: frozenset(psutil.pids()))
    pipes: frozenset[tuple[int, int]] = frozenset()  # device and inode of those that only the command has
    numbers: tuple[int, ...] = (1, 2)  # under which they are open

    def of(self, leader: int, silent: SilentPipe) -> Mark:
        """The mark of a command that has just been started as process `leader`, and given that pipe."""
        known = {silent.identity} if silent.identity else set[tuple[int, int]]()
        return replace(self, pipes=_pipes_of(leader, (1, 2)) | known, numbers=(1, 2, *silent.given))

    def bearers(self, session: int) -> list[int]:
        """The processes of the command that are not in `session`, nor zombies."""
        new = [process for process in psutil.pids() if process not in self.before]
        return [process for process in new if _session_of(process) != session and self._is_on(process)]

    def _is_on(self, process: int) -> bool:
        try:
            marked = psutil.Process(process).environ().get(VARIABLE) == self.value
        except (psutil.Error, OSError):  # it has ended meanwhile, or is another user's
            return False
        return marked or not self.pipes.isdisjoint(_pipes_of(process, self.numbers))


def _pipes_of(process: int, numbers: tuple[int, ...]) -> frozenset[tuple[int, int]]:
    """What a process has open under these numbers, where that are pipes and the system tells."""
    found: set[tuple[int, int]] = set()
    for number in numbers:
        with suppress(OSError):
            known = Path(f"/proc/{process}/fd/{number}").stat()
            if stat.S_ISFIFO(known.st_mode) or stat.S_ISSOCK(known.st_mode):
                found.add((known.st_dev, known.st_ino))
    return frozenset(found)


def descendants(leader: int) -> list[psutil.Process]:
    """What a command has started, and what that has started, as far as those between still live."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(leader).children(recursive=True)
    return []


async def end_strays(mark: Mark, session: int, seen: Sequence[psutil.Process] = ()) -> None:
    """End what a command has left behind outside of `session`, and what that starts meanwhile.

    `seen` are descendants of it, as they were before its session was ended.
    """
    with anyio.move_on_after(END_SECONDS, shield=True):
        while left := {*mark.bearers(session), *(one.pid for one in seen if _lives_outside(one, session))}:
            for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that it starts no other
                for process in left:
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(process, number)
            await anyio.sleep(0.01)


def _lives_outside(process: psutil.Process, session: int) -> bool:
    with suppress(psutil.Error):
        living = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return living and _session_of(process.pid) not in (session, -1)
    return False


def _session_of(process: int) -> int:
    try:
        return os.getsid(process)
    except (ProcessLookupError, PermissionError):
        return -1
