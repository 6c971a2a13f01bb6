"""Processes of a command that have left its session (`setsid`), told by what they inherit.

That is a variable, and, where the system shows it (Linux), the pipes that its output goes to: `env -i` leaves those.
"""

from __future__ import annotations

import itertools
import os
import signal
import stat
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import psutil

VARIABLE = "AGENT_COMMAND_MARK"  # not PUNIE_…: those are our settings, which no command is given
END_SECONDS = 1.0
"""How long processes are ended that start others meanwhile."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Mark:
    """The value of `VARIABLE` for one command, and the processes that were there before it."""

    value: str = field(default_factory=lambda: f"{os.getpid()}-{next(_numbers)}")
    before: frozenset[int] = field(default_factory=lambda: frozenset(psutil.pids()))
    pipes: frozenset[tuple[int, int]] = frozenset()  # device and inode of where the command's output goes

    def of(self, leader: int) -> Mark:
        """The mark of a command that has just been started as process `leader`."""
        return replace(self, pipes=_pipes_of(leader))

    def bearers(self, session: int) -> list[int]:
        """The processes of the command that are not in `session`, nor zombies."""
        new = [process for process in psutil.pids() if process not in self.before]
        return [process for process in new if _session_of(process) != session and self._is_on(process)]

    def _is_on(self, process: int) -> bool:
        try:
            marked = psutil.Process(process).environ().get(VARIABLE) == self.value
        except (psutil.Error, OSError):  # it has ended meanwhile, or is another user's
            return False
        return marked or not self.pipes.isdisjoint(_pipes_of(process))


def _pipes_of(process: int) -> frozenset[tuple[int, int]]:
    """What the standard output and error of a process are, where they are pipes and the system tells."""
    found: set[tuple[int, int]] = set()
    for number in (1, 2):
        with suppress(OSError):
            known = Path(f"/proc/{process}/fd/{number}").stat()
            if stat.S_ISFIFO(known.st_mode) or stat.S_ISSOCK(known.st_mode):
                found.add((known.st_dev, known.st_ino))
    return frozenset(found)


async def end_strays(mark: Mark, session: int) -> None:
    """End what a command has left behind outside of `session`, and what that starts meanwhile."""
    with anyio.move_on_after(END_SECONDS, shield=True):
        while bearers := mark.bearers(session):
            for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first, so that it starts no other
                for process in bearers:
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(process, number)
            await anyio.sleep(0.01)


def _session_of(process: int) -> int:
    try:
        return os.getsid(process)
    except (ProcessLookupError, PermissionError):
        return -1
