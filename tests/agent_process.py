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

from tests.conversations import last_lines, watch
from tests.wire import Sender, Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parent.parent
ECHO = "import:tests.scripted:echo_model"
SCRIPT = "import:tests.scripted:model"
COMMAND = (sys.executable, "-m", "punie_acp", "--stdio")
LINE_LIMIT = 64 * 1024 * 1024


class Line(NamedTuple):
    """One line that passed, and when (monotonic seconds)."""

    at: float
    sender: Sender
    data: bytes


class AgentProcess:
    """A running agent. Everything that passes is kept in `lines`; standard error goes to the file `stderr`.

    `hostile` and `unanswered` say what may be wrong with a conversation (see `spawn_process`).
    """

    def __init__(self, popen: subprocess.Popen[bytes], stderr: Path, *, hostile: bool, unanswered: bool) -> None:
        self.popen = popen
        self.stderr = stderr
        self.lines: list[Line] = []
        self.wire = Wire(hostile=hostile)
        self._unanswered = unanswered
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

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self.popen.poll() is not None

    def check_wire(self) -> None:
        """Check what has passed since the last check."""
        for line in self.lines[self._checked :]:
            self.wire.add(line.sender, line.data)
        self._checked = len(self.lines)
        found = self.wire.take_violations() + ([] if self._unanswered else self.wire.unanswered())
        assert not found, "on the wire:\n" + "\n".join(found)

    def tail(self) -> str:
        """The last lines that passed, the exit code, and the end of standard error."""
        told = last_lines((b"> " if line.sender == "client" else b"< ") + line.data for line in self.lines)
        code = self.popen.poll()
        state = "running" if code is None else f"exit code {code}"
        errors = self.stderr.read_text(errors="replace")[-3000:] if self.stderr.exists() else "(its file is gone)"
        return f"{told}\nthe agent: {state}; its standard error:\n{errors}"

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
    command: Sequence[str | Path] = COMMAND,
    cwd: Path = ROOT,
    hostile: bool = False,
    unanswered: bool = False,
):
    """Start the agent; on leaving, it has ended. `home` takes its settings, data and logs.

    `script` is what the scripted model answers (tests/scripted.py), `settings` are those of `punie_acp.settings` and
    the scripted models' `TEST_DELAY`. All that passes is checked: what the client sends too unless it is `hostile`, and
    that each request has its answer unless some may be `unanswered`, because one side is gone.
    """
    values = {"model": SCRIPT if script is not None else model, **(settings or {})}
    if script is not None:
        values["test_script"] = _write_script(home, script)
    popen = _start(home, command, cwd, agent_environment(home, values))
    process = AgentProcess(popen, home / "stderr.txt", hostile=hostile, unanswered=unanswered)
    watch(process)
    await process.connect()
    try:
        yield process
    finally:
        await process.end()
    process.check_wire()


def _write_script(home: Path, script: Sequence[object]) -> Path:
    home.mkdir(exist_ok=True)
    (home / "script.json").write_text(json.dumps(script), encoding="utf-8")
    return home / "script.json"


def _start(
    home: Path, command: Sequence[str | Path], cwd: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    home.mkdir(exist_ok=True)
    pipe = subprocess.PIPE
    with (home / "stderr.txt").open("wb") as errors:
        return subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=pipe, stdout=pipe, stderr=errors, start_new_session=True
        )


def agent_environment(home: Path, settings: Mapping[str, object]) -> dict[str, str]:
    """The variables of an agent that has `settings`, and keeps all it writes in `home`."""
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
