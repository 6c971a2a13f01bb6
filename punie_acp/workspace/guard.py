"""Ends a command when this process is killed outright and can end nothing itself any more.

Beside each command waits a shell with one end of a pipe. The first line names the command's process group, a second one
says that it has been dealt with. If the pipe closes between the two, which is what the system does when this process
dies, the shell kills the group. It is started before the command, so that there is no moment without it.
That needs no help of the platform beyond pipes (Linux' parent death signal reaches no grandchildren).
"""

from __future__ import annotations

import subprocess
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio
import anyio.abc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_SCRIPT = 'read -r group && { read -r _ || kill -s KILL -- "-$group"; }'


class Guard:
    """The waiting shell."""

    def __init__(self, shell: anyio.abc.Process) -> None:
        self._shell = shell

    async def watch_over(self, group: int) -> None:
        """From now on the process group `group` does not outlive this process."""
        await self._tell(str(group))

    async def dismiss(self) -> None:
        """The group has ended; the shell ends too."""
        with anyio.CancelScope(shield=True):
            await self._tell("done")
            await self._shell.aclose()

    async def _tell(self, line: str) -> None:
        assert self._shell.stdin is not None
        with suppress(OSError, anyio.BrokenResourceError):  # somebody killed it: the command runs unguarded
            await self._shell.stdin.send(f"{line}\n".encode())


@asynccontextmanager
async def guard() -> AsyncGenerator[Guard]:
    """A guard for as long as the block lasts."""
    shell = await anyio.open_process(
        ["/bin/sh", "-c", _SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what ends this process by its group must not end the guard
    )
    watching = Guard(shell)
    try:
        yield watching
    finally:
        await watching.dismiss()
