"""Runs a client that someone else wrote against our agent, and checks every line that passed.

The agent is the real one with a scripted model (tests/scripted.py), behind tests/conformance/tee.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.agent_process import COMMAND, ECHO, ROOT, agent_environment
from tests.conversations import last_lines, watch
from tests.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.acp_schema import Schema

TEE = Path(__file__).parent / "tee.py"


class RecordedWire:
    """What tee.py kept of one connection. It has passed when it is read, so there is nothing to wait for."""

    def __init__(self, file: Path, schema: Schema | None = None) -> None:
        self._file = file
        self._lines = file.read_bytes().splitlines()
        self.wire = Wire() if schema is None else Wire(schema=schema)
        for line in self._lines:
            if not line.startswith(b"="):
                self.wire.add("client" if line.startswith(b">") else "agent", line[2:])
        watch(self)

    ended = True

    @property
    def lines(self) -> list[bytes]:
        """All lines, each with the mark of who wrote it."""
        return self._lines

    def check_wire(self) -> None:
        """Nothing was wrong, each request has its answer, and the agent went in peace."""
        found = self.wire.take_violations() + self.wire.unanswered()
        assert not found, f"on the wire ({self._file.name}):\n" + "\n".join(found)
        assert self._lines[-1] == b"= 0", f"the agent did not end by itself: {self._lines[-1]!r}"

    def tail(self) -> str:
        """The last lines, and what the agent wrote to its standard error."""
        told_errors = self._file.with_suffix(".stderr")
        errors = told_errors.read_text(errors="replace")[-3000:] if told_errors.exists() else "(its file is gone)"
        told = last_lines(self._lines)
        return f"{self._file.name} (> client, < agent, = exit code):\n{told}\nits standard error:\n{errors}"


@dataclass(frozen=True)
class Finished:
    """A client that has ended with exit code `code`."""

    code: int
    stdout: str
    stderr: str


class ForeignClient:
    """Starts clients in a home of their own, `home`."""

    def __init__(self, home: Path, *, settings: Mapping[str, object] | None = None) -> None:
        self._home = home
        (home / "wires").mkdir(parents=True)
        punie = agent_environment(home, {"model": ECHO, **(settings or {})})
        # HOME, since these clients keep notes there; PYTHONPATH, since they choose the agent's working directory.
        self._environment = punie | {"HOME": str(home), "PYTHONPATH": str(ROOT)}

    @property
    def agent(self) -> list[str]:
        """The command of the agent that the client is to start."""
        return [sys.executable, str(TEE), str(self._home / "wires"), *COMMAND]

    def run(self, command: Sequence[str | Path], *, cwd: Path, seconds: float = 180, code: int | None = 0) -> Finished:
        """Run `command` to its end. Raises `AssertionError` where that is not with `code`, or not within `seconds`."""
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _kill_group(process)
            stdout, stderr = process.communicate()
            raise AssertionError(self._story(f"it was silent for {seconds} s", command, stdout, stderr)) from None
        if code is not None and process.returncode != code:
            raise AssertionError(self._story(f"it ended with {process.returncode}", command, stdout, stderr))
        return Finished(process.returncode, stdout, stderr)

    def wires(self, schema: Schema | None = None) -> list[RecordedWire]:
        """All connections, each of which is checked, against the stable schema or against `schema`."""
        files = sorted((self._home / "wires").glob("*.wire"))
        for file in files:
            _wait_for_end(file)
        found = [RecordedWire(file, schema) for file in files]
        for recorded in found:
            recorded.check_wire()
        return found

    def _story(self, what: str, command: Sequence[str | Path], stdout: str, stderr: str) -> str:
        """All that is known about a client that went wrong."""
        wires = [RecordedWire(file).tail() for file in sorted((self._home / "wires").glob("*.wire"))]
        logs = [f"{file.name}:\n{file.read_text()[-2000:]}" for file in (self._home / "log").glob("*")]
        told = [
            f"{' '.join(map(str, command))}: {what}",
            f"its output:\n{stdout[-3000:]}",
            f"its errors:\n{stderr[-3000:]}",
        ]
        return "\n\n".join([*told, *wires, *logs])


def _wait_for_end(file: Path, seconds: float = 10) -> None:
    """Wait until the agent whose lines are kept in `file` has ended; a client need not wait for that."""
    late = time.monotonic() + seconds
    while not file.read_bytes().splitlines()[-1].startswith(b"=") and time.monotonic() < late:
        time.sleep(0.02)


def _kill_group(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
