"""One connection to a server, over pydantic-ai's MCP client. Imported when a session has a server: it takes seconds."""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, cast

import anyio

from punie_acp import __version__
from punie_acp.mcp_servers.config import HttpServer, Tool
from punie_acp.mcp_servers.errors import explained
from punie_acp.mcp_servers.results import ToolResult, tool_result

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
    from pathlib import Path
    from typing import Unpack

    from fastmcp.client.transports.base import SessionKwargs, TransportOptions
    from mcp import ClientSession

    from punie_acp.codemode.events import JsonValue
    from punie_acp.mcp_servers.config import ServerConfig
    from punie_acp.mcp_servers.process import ServerProcess


@contextmanager
def _without_its_habits() -> Generator[None]:
    """fastmcp, when imported, reads the current folder's `.env` and gives itself a log handler, unless told not to."""
    ours = {"FASTMCP_ENV_FILE": os.devnull, "FASTMCP_LOG_ENABLED": "false"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


with _without_its_habits():
    import mcp_types
    from fastmcp.client.transports import ClientTransport, SSETransport, StreamableHttpTransport
    from mcp.shared.message import SessionMessage
    from pydantic_ai.mcp import MCPToolset

for _chatty in ("httpx2", "httpcore2", "mcp", "fastmcp"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)  # at "info" they log addresses, which may hold keys

END_SECONDS = 0.5
"""How long a server may take to take leave of. A process is ended after that anyway."""


class Connection:
    """A server that has answered. Its methods raise `RuntimeError` with a sentence where it does not any more."""

    def __init__(self, toolset: MCPToolset[None], call_seconds: float, on_lost: Callable[[], None]) -> None:
        self._toolset = toolset
        self._call_seconds = call_seconds
        self._on_lost = on_lost

    async def tools(self) -> list[Tool]:
        """The tools that the server has now."""
        if not self._toolset.capabilities.tools:
            return []
        return [_tool(found) for found in await self._toolset.list_tools()]

    async def call(
        self, tool: str, arguments: dict[str, JsonValue], report: Callable[[str], Awaitable[None]]
    ) -> ToolResult:
        """What `tool` answers; `report` is told how far it is. Cancelling this cancels the call at the server.

        Raises `TimeoutError` after `call_seconds`.
        """

        async def note(progress: float, total: float | None, message: str | None) -> None:
            await report(message or (f"{progress:g}" if total is None else f"{progress:g} of {total:g}"))

        try:
            with anyio.fail_after(self._call_seconds):
                client = self._toolset.client
                return tool_result(await client.call_tool_mcp(tool, dict(arguments), progress_handler=note))
        except TimeoutError:
            raise TimeoutError(f"{tool} did not answer within {self._call_seconds:g} s") from None
        except Exception as error:
            if not self._toolset.client.is_connected():
                self._on_lost()
            raise RuntimeError(explained(error)) from error


@asynccontextmanager
async def connected(
    server: ServerConfig,
    process: ServerProcess | None,
    *,
    root: Path,
    seconds: tuple[float, float],
    on_change: Callable[[], None],
    on_lost: Callable[[], None],
) -> AsyncGenerator[Connection]:
    """A connection to `server`, whose `process` runs already where it is one of ours.

    `seconds` are the times to connect and to answer a call. `on_change` is called when the server has other tools,
    `on_lost` when a call finds that it is gone. Raises whatever goes wrong while connecting; `explained`
    makes a sentence of it.
    """
    connect_seconds, call_seconds = seconds

    async def note(message: object) -> None:
        if isinstance(message, mcp_types.ToolListChangedNotification):
            on_change()

    toolset = MCPToolset[None](
        PipeTransport(process) if process else _http_transport(server),
        message_handler=note,
        client_info=mcp_types.Implementation(name="punie-acp", title="Punie", version=__version__),
        init_timeout=connect_seconds,
        read_timeout=None,  # each call has its own limit
        roots=[root.as_uri()],
    )
    # The handshake that every server knows; "auto" would first ask old ones something that they have never heard of.
    toolset.client.mode = "legacy"
    async with AsyncExitStack() as stack:
        with anyio.fail_after(connect_seconds):
            await toolset.__aenter__()
        stack.push_async_callback(_leave, toolset)
        yield Connection(toolset, call_seconds, on_lost)


async def _leave(toolset: MCPToolset[None]) -> None:
    with anyio.move_on_after(END_SECONDS, shield=True):
        await toolset.__aexit__(None, None, None)


def _http_transport(server: ServerConfig) -> ClientTransport:
    assert isinstance(server, HttpServer)
    kind = SSETransport if server.transport == "sse" else StreamableHttpTransport
    return kind(server.url, headers=dict(server.headers))


class PipeTransport(ClientTransport):
    """MCP's messages over the pipes of a process that somebody else starts and ends."""

    def __init__(self, process: ServerProcess) -> None:
        self._process = process

    @asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Unpack[SessionKwargs]
    ) -> AsyncGenerator[ClientSession]:
        """A session, not initialized yet."""
        from fastmcp.client.transports.base import TransportOptions

        options = transport_options or TransportOptions()
        to_session, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
        async with anyio.create_task_group() as tasks, to_session, from_server, to_server, from_session:
            tasks.start_soon(self._receive, to_session)
            tasks.start_soon(self._send, from_session, to_session)
            async with options.session_class(from_server, to_server, **session_kwargs) as session:
                yield session
            tasks.cancel_scope.cancel()

    async def _receive(self, session: anyio.abc.ObjectSendStream[SessionMessage | Exception]) -> None:
        async with session:
            async for line in self._process.lines():
                try:
                    await session.send(_message(line))
                except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                    return

    async def _send(
        self,
        session: anyio.abc.ObjectReceiveStream[SessionMessage],
        to_session: anyio.abc.ObjectSendStream[SessionMessage | Exception],
    ) -> None:
        try:
            async for message in session:
                await self._process.send(message.message.model_dump_json(by_alias=True, exclude_unset=True))
        except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            await to_session.aclose()  # the server is gone: the session must not wait for its answers


def _message(line: str) -> SessionMessage | Exception:
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:  # a server that prints to its standard output; the session passes over it
        return error


def _tool(found: mcp_types.Tool) -> Tool:
    hints = found.annotations or mcp_types.ToolAnnotations()
    return Tool(
        name=found.name,
        description=found.description or found.title or "",
        input_schema=cast("dict[str, object]", found.input_schema),
        output_schema=cast("dict[str, object] | None", found.output_schema),
        read_only=bool(hints.read_only_hint),
        open_world=hints.open_world_hint is not False,
    )
