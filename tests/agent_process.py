"""punie-acp as a child process at the end of two pipes, line by line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from tests.wire import Sender, Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parent.parent
ECHO = "import:tests.scripted:echo_model"
SCRIPT = "import:tests.scripted:model"
LINE_LIMIT = 64 * 1024 * 1024


class Line(NamedTuple):
    """One line that passed, and when (monotonic seconds)."""

    at: float
    sender: Sender
    data: bytes


class AgentProcess:
    """A running agent. Everything that passes is kept in `lines`; standard error goes to the file `stderr`."""

    def __init__(self, popen: subprocess.Popen[bytes], stderr: Path) -> None:
        self.popen = popen
        self.stderr = stderr
        self.lines: list[Line] = []
        self.wire = Wire()
        self._checked = 0
        self._reader: asyncio.StreamReader
        self._read_transport: asyncio.ReadTransport
        self._writer: asyncio.StreamWriter

    async def connect(self) -> None:
        """Take hold of the pipes."""
        loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader(limit=LINE_LIMIT)
        self._read_transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), self.popen.stdout
        )
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, self.popen.stdin)
        self._writer = asyncio.StreamWriter(transport, protocol, None, loop)

    async def send(self, message: bytes | dict[str, Any]) -> None:
        """Send a message, or any bytes as a line."""
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.lines.append(Line(time.monotonic(), "client", line))
        self._writer.write(line + b"\n")
        await self._writer.drain()

    async def receive(self, timeout: float | None = 20) -> bytes:
        """The next line; empty at the end."""
        line = await asyncio.wait_for(self._reader.readline(), timeout)
        if line:
            self.lines.append(Line(time.monotonic(), "agent", line.rstrip(b"\n")))
        return line

    def check_wire(self, *, unanswered: bool = False) -> None:
        """Check what has passed since the last check; `unanswered` says that requests may be left without an answer."""
        for line in self.lines[self._checked :]:
            self.wire.add(line.sender, line.data)
        self._checked = len(self.lines)
        found = self.wire.take_violations() + ([] if unanswered else self.wire.unanswered())
        assert not found, "on the wire:\n" + "\n".join(found)

    def close(self) -> None:
        """Close both pipes, as when the client is gone."""
        self._writer.close()
        self._read_transport.close()

    def close_input(self) -> None:
        """Close the agent's standard input only."""
        self._writer.close()

    def stop_reading(self) -> None:
        """Leave what the agent writes in the pipe."""
        self._read_transport.pause_reading()

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.popen.send_signal(signal.SIGTERM)

    async def wait_exit(self, timeout: float = 10) -> int:
        """The exit code. Raises `TimeoutError` where it is still running after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while (code := self.popen.poll()) is None:  # noqa: ASYNC110 - a process has no event
                await asyncio.sleep(0.01)
        return code

    def child_pids(self) -> set[int]:
        """The processes that the agent has started, with theirs, as far as they live."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.popen.pid).children(recursive=True)
            return {child.pid for child in found if child.status() != psutil.STATUS_ZOMBIE}
        return set()

    async def end(self) -> None:
        """Leave as an editor does: close the pipes, wait, and kill what does not go by itself."""
        self.close()
        try:
            await self.wait_exit()
        finally:
            if self.popen.poll() is None:
                self.popen.kill()
                self.popen.wait()


@asynccontextmanager
async def spawn_process(
    home: Path,
    *,
    model: str = ECHO,
    script: Sequence[object] | None = None,
    settings: Mapping[str, object] | None = None,
    command: Sequence[str | Path] = (sys.executable, "-m", "punie_acp", "--stdio"),
    cwd: Path = ROOT,
):
    """Start the agent; on leaving, it has ended. `home` takes its settings, data and logs.

    `script` is what the scripted model answers (tests/scripted.py), `settings` are those of `punie_acp.settings` and
    the scripted models' `TEST_DELAY`.
    """
    values = {"model": SCRIPT if script is not None else model, **(settings or {})}
    process = _start(home, command, cwd, script, values)
    await process.connect()
    try:
        yield process
    finally:
        await process.end()


def _start(
    home: Path, command: Sequence[str | Path], cwd: Path, script: Sequence[object] | None, values: dict[str, object]
) -> AgentProcess:
    home.mkdir(exist_ok=True)
    if script is not None:
        values["test_script"] = home / "script.json"
        (home / "script.json").write_text(json.dumps(script), encoding="utf-8")
    pipe, environment = subprocess.PIPE, _environment(home, values)
    with (home / "stderr.txt").open("wb") as errors:
        popen = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=pipe, stdout=pipe, stderr=errors, start_new_session=True
        )
    return AgentProcess(popen, home / "stderr.txt")


def _environment(home: Path, settings: Mapping[str, object]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PUNIE_")}
    folders = {f"PUNIE_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "LOG")}
    return inherited | folders | {f"PUNIE_{name.upper()}": str(value) for name, value in settings.items()}


def alive(pids: set[int]) -> set[int]:
    """Those of `pids` that still run."""
    return {pid for pid in pids if psutil.pid_exists(pid) and _status(pid) != psutil.STATUS_ZOMBIE}


def _status(pid: int) -> str:
    try:
        return psutil.Process(pid).status()
    except psutil.NoSuchProcess:
        return psutil.STATUS_ZOMBIE
