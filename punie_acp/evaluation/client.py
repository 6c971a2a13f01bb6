"""An ACP client of the product: `punie-acp --stdio` as a child process, driven as an editor drives it."""

from __future__ import annotations

import sys
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import anyio

from punie_acp.evaluation.errors import EvaluationError
from punie_acp.protocol.errors import INTERNAL_ERROR, METHOD_NOT_FOUND, RpcError
from punie_acp.protocol.peer import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from pathlib import Path

    from anyio.abc import Process

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Incoming

MAX_LINE_BYTES = 64 * 1024 * 1024
SECONDS_TO_START = 120.0
SECONDS_TO_END = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """One `session/update` as it came."""

    at: float  # monotonic seconds
    update: dict[str, Any]


@dataclass(slots=True)
class _Handler:
    """The client's side: keeps what it is told by session, and allows once whatever it is asked."""

    told: dict[str, list[Told]] = field(default_factory=dict[str, list[Told]])

    async def request(self, incoming: Incoming) -> JsonValue:
        if incoming.method != "session/request_permission":
            raise RpcError(METHOD_NOT_FOUND, f"this client has no {incoming.method}")
        options = cast("list[dict[str, JsonValue]]", incoming.params.get("options") or [])
        allowed = next((option["optionId"] for option in options if option.get("kind") == "allow_once"), None)
        if allowed is None:
            return {"outcome": {"outcome": "cancelled"}}
        return {"outcome": {"outcome": "selected", "optionId": allowed}}

    async def notification(self, incoming: Incoming) -> None:
        update = incoming.params.get("update")
        if incoming.method == "session/update" and isinstance(update, dict):
            session = str(incoming.params.get("sessionId"))
            self.told.setdefault(session, []).append(Told(time.monotonic(), update))


class Client:
    """One running agent and its sessions. What an answer is an error for raises `RpcError`."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._handler = _Handler()
        self._peer = Peer(process.stdout, process.stdin, self._handler, max_line_bytes=MAX_LINE_BYTES)
        self._closed = False

    @property
    def ended(self) -> bool:
        """Whether the agent can be asked nothing any more."""
        return self._closed or self.process.returncode is not None

    async def serve(self) -> None:
        """Read what the agent says until it is gone."""
        try:
            await self._peer.serve()
        finally:
            self._closed = True

    async def initialize(self) -> None:
        """Begin the conversation. No file system and no terminals are lent: calls land on this machine's disk."""
        await self._ask("initialize", {"protocolVersion": 1, "clientCapabilities": {}})

    async def open_session(self, cwd: Path, mcp_servers: Sequence[Mapping[str, JsonValue]] = ()) -> str:
        """A new session in the folder `cwd` with these servers: its id."""
        servers: list[JsonValue] = [dict(server) for server in mcp_servers]
        result = await self._ask("session/new", {"cwd": str(cwd), "mcpServers": servers})
        return str(cast("dict[str, JsonValue]", result)["sessionId"])

    async def load_model(self, session: str, name: str) -> None:
        """Have the session's model loaded, and wait for it."""
        choice: dict[str, JsonValue] = {"sessionId": session, "configId": "model", "value": name}
        await self._ask("session/set_config_option", choice)

    async def prompt(self, session: str, text: str) -> dict[str, Any]:
        """One prompt turn: the result of `session/prompt`."""
        blocks: list[JsonValue] = [{"type": "text", "text": text}]
        result = await self._ask("session/prompt", {"sessionId": session, "prompt": blocks})
        return cast("dict[str, Any]", result)

    async def close_session(self, session: str) -> None:
        """Let the agent forget a session as far as its memory goes."""
        await self._ask("session/close", {"sessionId": session})

    async def _ask(self, method: str, params: dict[str, JsonValue]) -> JsonValue:
        try:
            return await self._peer.request(method, params)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise RpcError(INTERNAL_ERROR, "the agent is gone") from None

    def take_updates(self, session: str) -> list[Told]:
        """What was told of a session since this was last asked."""
        return self._handler.told.pop(session, [])

    def kill(self) -> None:
        """End the agent at once; one that has just ended by itself is as good."""
        with suppress(ProcessLookupError):
            self.process.kill()

    async def end(self) -> None:
        """Close its input, as an editor does, and wait; kill what does not go by itself."""
        assert self.process.stdin is not None
        with suppress(anyio.BrokenResourceError):  # it has ended before
            await self.process.stdin.aclose()
        with anyio.move_on_after(SECONDS_TO_END):
            await self.process.wait()
        if self.process.returncode is None:
            self.kill()
            await self.process.wait()


@asynccontextmanager
async def connected(environment: Mapping[str, str], errors: Path, module: str = "punie_acp") -> AsyncGenerator[Client]:
    """An agent with these environment variables, its standard error added to the file `errors`. It ends with this.

    `module` is run with `--stdio`. Raises `EvaluationError` where it does not start.
    """
    with errors.open("ab") as log:
        command = (sys.executable, "-m", module, "--stdio")
        process = await anyio.open_process(command, stderr=log, env=environment, start_new_session=True)
    client = Client(process)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.serve)
        try:
            await _start(client, errors)
            yield client
        finally:
            with anyio.CancelScope(shield=True):
                await client.end()
            tasks.cancel_scope.cancel()


async def _start(client: Client, errors: Path) -> None:
    try:
        with anyio.fail_after(SECONDS_TO_START):
            await client.initialize()
    except (RpcError, TimeoutError) as error:
        raise EvaluationError(f"the agent does not start: {_last_lines(errors) or error}") from error


def _last_lines(errors: Path) -> str:
    return " ".join(errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:])
