"""Real MCP servers, and a real sandbox that has their tools."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import anyio
import pytest

from punie_acp.codemode.events import CallFinished, CallProgress, CallRequested, Decision, ProgramLimits
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.mcp_servers.config import HttpServer, StdioServer
from punie_acp.mcp_servers.servers import McpServers
from punie_acp.workspace.local import LocalWorkspace

SERVER = Path(__file__).with_name("server.py")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def marks(tmp_path):
    """Where servers leave word."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def stdio(marks):
    """Makes a server that is a process."""

    def make(*words: str, name: str = "test", **env: str) -> StdioServer:
        return StdioServer(name, sys.executable, (str(SERVER), *(words or ("stdio",))), {"MARKS": str(marks), **env})

    return make


@pytest.fixture(scope="session", params=["http", "sse"])
def web(request, tmp_path_factory):
    """A server at an address, for the whole test run."""
    transport = request.param
    folder = tmp_path_factory.mktemp("web-marks")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"MARKS": str(folder)}
    process = subprocess.Popen(
        [sys.executable, str(SERVER), transport, str(port)], env=environment, stderr=subprocess.DEVNULL
    )
    path = "mcp" if transport == "http" else "sse"
    try:
        _wait_for(port)
        yield HttpServer("web", f"http://127.0.0.1:{port}/{path}", {"X-Key": "secret"}, transport), folder
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/none", timeout=5):
            pass
        try:
            urlopen(f"http://127.0.0.1:{port}/none", timeout=5)
        except HTTPError:
            return
        except OSError:
            time.sleep(0.05)


class Observer:
    """Remembers, and refuses what it is told to."""

    def __init__(self, refuses: str = "") -> None:
        self.events: list[object] = []
        self.refuses = refuses

    async def emit(self, event: object) -> None:
        self.events.append(event)

    async def permit(self, call: CallRequested) -> Decision:
        return Decision(call.function != self.refuses, "the user refused")

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    requests = property(lambda self: self.of(CallRequested))
    finishes = property(lambda self: self.of(CallFinished))
    progress = property(lambda self: self.of(CallProgress))


class Bench:
    """Programs in a sandbox that has the functions of the servers."""

    def __init__(self, servers: McpServers, sandbox: Sandbox, log: list[tuple[str, dict[str, str]]]) -> None:
        self.servers, self.sandbox, self.log = servers, sandbox, log
        self.programs = 0

    async def run(self, code: str, refuses: str = ""):
        self.programs += 1
        observer = Observer(refuses)
        outcome = await self.sandbox.run(code, program_id=f"t/{self.programs}", observer=observer)
        return outcome, observer


@asynccontextmanager
async def bench(project, *configs, start_seconds: float = 30.0, call_seconds: float = 30.0):
    """Servers that run, and a sandbox that has their functions as they come and go."""
    log: list[tuple[str, dict[str, str]]] = []
    servers = McpServers(
        configs,
        root=project,
        start_seconds=start_seconds,
        call_seconds=call_seconds,
        log=lambda event, facts: log.append((event, facts)),
    )
    async with Sandbox(LocalWorkspace(project), ProgramLimits()) as sandbox, anyio.create_task_group() as tasks:
        servers.on_change = lambda: sandbox.set_extra(servers.functions())
        tasks.start_soon(servers.run)
        await servers.ready()
        yield Bench(servers, sandbox, log)
        tasks.cancel_scope.cancel()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
