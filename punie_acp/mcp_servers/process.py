"""A server that is a process: its pipes as lines, and its end. Nothing of its process group outlives the block.

The SDK has this too, but takes up to six seconds to end a stubborn server, and leaves the children of one that ends by
itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
import anyio.abc

from punie_acp.mcp_servers.environment import server_environment
from punie_acp.protocol.framing import LineTooLong, read_lines
from punie_acp.workspace.guard import guard

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from punie_acp.mcp_servers.config import StdioServer

MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_LOGGED_CHARACTERS = 2000  # of one line of standard error
MAX_LOGGED_LINES = 2000  # of one process: the log is for more than one server
QUIET_SECONDS = 0.3
"""After its input is closed a server may end by itself this long, as MCP asks for, before it gets SIGTERM."""
GRACE_SECONDS = 0.4  # between SIGTERM and SIGKILL


@dataclass
class ServerProcess:
    """A running server. `ended` is set when it closes its output, which it does at its end at the latest."""

    process: anyio.abc.Process
    ended: anyio.Event = field(default_factory=anyio.Event)
    last_words: deque[str] = field(default_factory=lambda: deque[str](maxlen=3))

    async def lines(self) -> AsyncGenerator[str]:
        """What it writes, line by line, until it ends. A line beyond `MAX_LINE_BYTES` is dropped."""
        assert self.process.stdout is not None
        try:
            async for line in read_lines(self.process.stdout, MAX_LINE_BYTES):
                if not isinstance(line, LineTooLong) and line.strip():
                    yield line.decode("utf-8", errors="replace")
        finally:
            self.ended.set()

    async def send(self, line: str) -> None:
        """Write one line to it. Raises `OSError` or `anyio.BrokenResourceError` where it is gone."""
        assert self.process.stdin is not None
        await self.process.stdin.send(f"{line}\n".encode("utf-8", errors="replace"))

    async def how_it_ended(self) -> str:
        """ "exit code 3; it said: no such table", for the end of a sentence."""
        await _ends_within(self.process, QUIET_SECONDS)
        code = self.process.returncode
        words = [] if code is None else [f"exit code {code}" if code >= 0 else f"signal {-code}"]
        return "; ".join([*words, *([f"it said: {self.last_words[-1]}"] if self.last_words else [])])


@asynccontextmanager
async def server_process(
    server: StdioServer, root: Path, on_stderr: Callable[[str], None]
) -> AsyncGenerator[ServerProcess]:
    """Run `server` in the folder `root`. Raises `OSError` where it cannot be started; must not be left by an error."""
    async with guard() as watching:
        running = ServerProcess(await _start(server, root))
        try:
            await watching.watch_over(running.process.pid)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_read_stderr, running, on_stderr)
                yield running
                tasks.cancel_scope.cancel()
        finally:
            await _end(running.process)


async def _start(server: StdioServer, root: Path) -> anyio.abc.Process:
    # Shielded: asyncio, cancelled between the start and its answer, kills the leader alone and forgets its children.
    process: anyio.abc.Process | None = None
    with anyio.CancelScope(shield=True):
        process = await anyio.open_process(
            [server.command, *server.args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=root,
            env=server_environment(server.env),
            start_new_session=True,
        )
    assert process is not None
    return process


async def _read_stderr(running: ServerProcess, on_stderr: Callable[[str], None]) -> None:
    assert running.process.stderr is not None
    logged = 0
    async for line in read_lines(running.process.stderr, MAX_LINE_BYTES):
        if isinstance(line, LineTooLong) or not line.strip():
            continue
        text = line.decode("utf-8", errors="replace").rstrip()[:MAX_LOGGED_CHARACTERS]
        running.last_words.append(text)
        logged += 1
        if logged <= MAX_LOGGED_LINES:
            on_stderr(text)


async def _end(process: anyio.abc.Process) -> None:
    """Close the server's input, then SIGTERM, then SIGKILL to all of its group; collect it."""
    with anyio.CancelScope(shield=True):
        assert process.stdin is not None
        with suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            await process.stdin.aclose()
        for number, seconds in ((None, QUIET_SECONDS), (signal.SIGTERM, GRACE_SECONDS)):
            if number is not None:
                _signal_group(process.pid, number)
            if await _ends_within(process, seconds):
                break
        _signal_group(process.pid, signal.SIGKILL)
        await _ends_within(process, GRACE_SECONDS)
        with suppress(OSError, anyio.BrokenResourceError):
            await process.aclose()


async def _ends_within(process: anyio.abc.Process, seconds: float) -> bool:
    """Whether the leader ends in time. Polled: asyncio's `wait` also waits for pipes that its children hold open."""
    with anyio.move_on_after(seconds):
        while process.returncode is None:  # noqa: ASYNC110 - a process has no event
            await anyio.sleep(0.01)
    return process.returncode is not None


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(group, number)
