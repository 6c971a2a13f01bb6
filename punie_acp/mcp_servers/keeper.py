"""One server of a session: started, kept up, its tools kept up to date, started again when it dies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread

from punie_acp.mcp_servers.config import StdioServer
from punie_acp.mcp_servers.errors import EndedError, explained
from punie_acp.mcp_servers.process import server_process

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from punie_acp.codemode.events import JsonValue
    from punie_acp.mcp_servers.client import Connection
    from punie_acp.mcp_servers.config import ServerConfig, Tool
    from punie_acp.mcp_servers.process import ServerProcess
    from punie_acp.mcp_servers.results import ToolResult

    Connect = Callable[..., AbstractAsyncContextManager[Connection]]

CONNECT_SECONDS = 60.0
"""A first start may have to download the server."""
MAX_STARTS = 3
LAST_WORDS_SECONDS = 0.5


@dataclass(frozen=True)
class Surroundings:
    """What all servers of a session share."""

    root: Path
    call_seconds: float  # for one tool call
    log: Callable[[str, dict[str, str]], None]  # an event and its facts
    changed: Callable[[], None]  # called when the state or the tools of a server have changed


@dataclass
class Keeper:
    """Keeps one server. `run` ends with its task's cancellation, and then nothing of the server is left."""

    server: ServerConfig
    label: str
    around: Surroundings
    state: Literal["starting", "ready", "failed"] = "starting"
    tools: tuple[Tool, ...] = ()
    problem: str = ""  # why it is not ready, as a sentence
    settled: anyio.Event = field(default_factory=anyio.Event)  # it is ready, or has failed
    _wanted: anyio.Event = field(default_factory=anyio.Event)
    _lost: anyio.Event = field(default_factory=anyio.Event)  # the server has gone
    _over: anyio.Event = field(default_factory=anyio.Event)  # this start of it has come to its end
    _connection: Connection | None = None

    def want(self) -> None:
        """A turn begins: a server that has died is worth another start."""
        self._wanted.set()

    async def call(
        self, tool: str, arguments: dict[str, JsonValue], report: Callable[[str], Awaitable[None]]
    ) -> ToolResult:
        """As `Connection.call`."""
        if self._connection is None:
            raise RuntimeError(f"{self.label}: {self.problem or 'the server is not there'}")
        over = self._over
        try:
            return await self._connection.call(tool, arguments, report)
        except TimeoutError as error:
            raise TimeoutError(f"{self.label}: {error}") from error
        except RuntimeError as error:
            if self._lost.is_set():
                with anyio.move_on_after(LAST_WORDS_SECONDS):  # how it ended says more than that it did
                    await over.wait()
            raise RuntimeError(self.problem if over.is_set() else f"{self.label}: {error}") from error

    async def run(self) -> None:
        """Start the server, and again at the next turn when it was there and died, at most `MAX_STARTS` times."""
        for start in range(1, MAX_STARTS + 1):
            self._over = anyio.Event()
            was_ready = await self._live()
            self._wanted = anyio.Event()
            self._settle("failed", self.problem)
            self._over.set()
            if not was_ready or start == MAX_STARTS:
                return
            await self._wanted.wait()
            self.state, self.settled = "starting", anyio.Event()

    async def _live(self) -> bool:
        """Serve until the server ends; whether it was ever ready."""
        try:
            if isinstance(self.server, StdioServer):
                await self._live_as_process(self.server)
            else:
                await self._serve(None)
        except FileNotFoundError:
            assert isinstance(self.server, StdioServer)
            self.problem = self._sentence(f"there is no program {self.server.command!r}")
        except Exception as error:  # noqa: BLE001 - a server's failure is told, whatever it is, and costs nothing else
            self.problem = self._sentence(explained(error))
        return self.state == "ready"

    def _sentence(self, why: str) -> str:
        verb = "ended" if self.state == "ready" else "did not start"
        return f"The MCP server {self.label!r} {verb}: {why}."

    async def _live_as_process(self, server: StdioServer) -> None:
        def log(line: str) -> None:
            self.around.log("mcp server said", {"server": self.label, "line": line})

        failure: Exception | None = None
        why = ""
        async with server_process(server, self.around.root, log) as process:
            try:
                await self._serve(process)
            except Exception as error:  # noqa: BLE001 - told below, when the process has been ended
                failure = error
                if process.ended.is_set():
                    why = await process.how_it_ended()
        if failure is not None:
            raise EndedError(why) if why else failure

    async def _serve(self, process: ServerProcess | None) -> None:
        """Connect, and keep the tools up to date until the server ends. Raises when it does."""
        # In a thread, while the process starts up: these imports take seconds.
        connected = await anyio.to_thread.run_sync(_import_client, abandon_on_cancel=True)
        changes, lost = anyio.Event(), process.ended if process else anyio.Event()
        self._lost = lost

        def note() -> None:
            changes.set()

        seconds = (CONNECT_SECONDS, self.around.call_seconds)
        async with connected(
            self.server, process, root=self.around.root, seconds=seconds, on_change=note, on_lost=lost.set
        ) as connection:
            self._connection = connection
            try:
                while True:
                    changes = anyio.Event()
                    self.tools = tuple(await connection.tools())
                    self._settle("ready")
                    await _first_of(changes, lost)
            finally:
                self._connection, self.tools = None, ()

    def _settle(self, state: Literal["ready", "failed"], problem: str = "") -> None:
        self.state, self.problem = state, problem
        self.around.log(f"mcp server {state}", {"server": self.label, "problem": problem})
        self.settled.set()
        self.around.changed()


async def _first_of(change: anyio.Event, end: anyio.Event) -> None:
    """Wait for either. Raises `EndedError` for the `end`."""
    async with anyio.create_task_group() as tasks:
        for event in (change, end):
            tasks.start_soon(_stop_at, event, tasks.cancel_scope)
    if end.is_set():
        raise EndedError("the connection has ended")


async def _stop_at(event: anyio.Event, scope: anyio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


def _import_client() -> Connect:
    from punie_acp.mcp_servers.client import connected

    return connected
