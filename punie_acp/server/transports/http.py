"""Connections over HTTP: the client posts what it says, and fetches what it is told from event streams."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio

from punie_acp.server.transports.asgi import headers_of, respond
from punie_acp.server.transports.routes import NEEDS_SESSION_HEADER, Routes
from punie_acp.server.transports.websocket import as_line

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from anyio.abc import TaskGroup

    from punie_acp.protocol.stdio import End
    from punie_acp.server.transports.asgi import Headers, Receive, Scope, Send
    from punie_acp.server.transports.outbox import Outbox
    from punie_acp.server.transports.routes import Message

CONNECTION_HEADER = "acp-connection-id"
SESSION_HEADER = "acp-session-id"
SECONDS_TO_INITIALIZE = 30.0
SECONDS_BETWEEN_SIGNS = 15.0  # of life, on a stream where nothing happens
SECONDS_WITHOUT_CLIENT = 60.0  # after which a connection that nobody fetches from is ended
MAX_CONNECTIONS = 32


class _RefusedError(Exception):
    """An answer other than 2xx."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Connection:
    """One client. It is the two ends that its agent talks to: bytes in from posts, lines out to streams."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self.scope = anyio.CancelScope()
        self.routes = Routes()
        self.seen = time.monotonic()  # when the client last did something
        self.open_streams = 0
        self._posted, self._received = anyio.create_memory_object_stream[bytes]()
        self._answer: bytes | None = None  # to `initialize`
        self._answered = anyio.Event()

    @property
    def end(self) -> End:
        """The agent's end."""
        return self._received, self

    async def post(self, message: Message, body: bytes) -> None:
        """Hand a message over to the agent, waiting until it takes it."""
        self.routes.note(message)
        await self._posted.send(as_line(body))

    async def initialize(self, body: bytes) -> bytes:
        """The answer to the first message, which is not fetched from a stream."""
        await self._posted.send(as_line(body))
        await self._answered.wait()
        assert self._answer is not None
        return self._answer

    async def send(self, item: bytes) -> None:
        """Take a line of the agent."""
        if self._answer is None:
            self._answer = item
            self._answered.set()
        else:
            await self.routes.send(item[:-1])

    async def aclose(self) -> None:
        """The agent says no more."""
        self.routes.end()
        self._posted.close()

    @property
    def is_deserted(self) -> bool:
        """Whether the client has been away for long."""
        return not self.open_streams and time.monotonic() - self.seen > SECONDS_WITHOUT_CLIENT


class HttpConnections:
    """All clients over HTTP. `serve` runs an agent at one end until it is cancelled or the end is closed."""

    def __init__(self, serve: Callable[[End], Awaitable[None]], tasks: TaskGroup, max_body_bytes: int) -> None:
        self._serve = serve
        self._tasks = tasks
        self._max_body_bytes = max_body_bytes
        self._connections: dict[str, Connection] = {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        handlers = {"POST": self._post, "GET": self._get, "DELETE": self._delete}
        handler = handlers.get(scope["method"])
        try:
            if handler is None:
                raise _RefusedError(405, "only POST, GET and DELETE are served")
            await handler(headers_of(scope), receive, send)
        except _RefusedError as refused:
            await respond(send, refused.status, {"error": str(refused)})

    def end_all(self) -> None:
        """End every connection, and with it its streams."""
        for connection in self._connections.values():
            connection.scope.cancel()

    async def end_deserted(self) -> None:
        """End the connections whose clients have gone without saying so, until the caller is cancelled."""
        while True:
            await anyio.sleep(SECONDS_WITHOUT_CLIENT / 6)
            for connection in list(self._connections.values()):
                if connection.is_deserted:
                    connection.scope.cancel()

    # The three methods.

    async def _post(self, headers: Headers, receive: Receive, send: Send) -> None:
        if not headers.get("content-type", "").lower().startswith("application/json"):
            raise _RefusedError(415, "the content type must be application/json")
        body = await self._body(receive)
        message = _message(body)
        if message.get("method") == "initialize" and "id" in message:
            await self._initialize(body, send)
            return
        connection = self._connection(headers)
        session = headers.get(SESSION_HEADER)
        if session is None and message.get("method") in NEEDS_SESSION_HEADER:
            raise _RefusedError(400, f"{message['method']} needs the header Acp-Session-Id")
        if session is not None and session not in connection.routes.sessions:
            raise _RefusedError(404, "there is no such session")
        try:
            await connection.post(message, body)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise _RefusedError(404, "the connection has ended") from None
        await respond(send, 202)

    async def _initialize(self, body: bytes, send: Send) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            raise _RefusedError(503, f"{MAX_CONNECTIONS} clients are connected")
        connection = Connection()
        self._connections[connection.id] = connection
        self._tasks.start_soon(self._live, connection)
        with anyio.move_on_after(SECONDS_TO_INITIALIZE):
            answer: Any = json.loads(await connection.initialize(body))
            await respond(send, 200, answer, {CONNECTION_HEADER: connection.id})
            return
        connection.scope.cancel()
        raise _RefusedError(504, "initialize took too long")

    async def _get(self, headers: Headers, receive: Receive, send: Send) -> None:
        accepted = headers.get("accept", "")
        if "text/event-stream" not in accepted and "*/*" not in accepted:
            raise _RefusedError(406, "this is a text/event-stream")
        connection = self._connection(headers)
        session = headers.get(SESSION_HEADER)
        outbox = connection.routes.connection if session is None else connection.routes.sessions.get(session)
        if outbox is None:
            raise _RefusedError(404, "there is no such session")
        connection.open_streams += 1
        try:
            await _stream(outbox, receive, send)
        finally:
            connection.open_streams -= 1
            connection.seen = time.monotonic()

    async def _delete(self, headers: Headers, receive: Receive, send: Send) -> None:
        del receive
        self._connection(headers).scope.cancel()
        await respond(send, 202)

    # What they share.

    def _connection(self, headers: Headers) -> Connection:
        name = headers.get(CONNECTION_HEADER)
        if name is None:
            raise _RefusedError(400, "the header Acp-Connection-Id is missing")
        connection = self._connections.get(name)
        if connection is None:
            raise _RefusedError(404, "there is no such connection; initialize a new one")
        connection.seen = time.monotonic()
        return connection

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise _RefusedError(400, "the body was cut short")
            body += event.get("body", b"")
            if len(body) > self._max_body_bytes:
                raise _RefusedError(413, f"the body is longer than {self._max_body_bytes} bytes")
            if not event.get("more_body", False):
                return bytes(body)

    async def _live(self, connection: Connection) -> None:
        """Run the agent of `connection` until its client deletes it or is gone."""
        try:
            with connection.scope:
                await self._serve(connection.end)
        finally:
            self._connections.pop(connection.id, None)
            await connection.aclose()


async def _stream(outbox: Outbox, receive: Receive, send: Send) -> None:
    """Pass on what is put into `outbox`, until it ends, the client goes, or opens the stream anew."""
    start = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": start})
    await send({"type": "http.response.body", "body": b": ready\n\n", "more_body": True})
    async with _until_gone(receive):
        reader = outbox.begin_reading()
        while True:
            lines: list[bytes] | None = None
            with anyio.move_on_after(SECONDS_BETWEEN_SIGNS):
                lines = await outbox.next_lines(reader)
            if lines == []:
                break
            events = b"".join(b"data: " + line + b"\n\n" for line in lines) if lines else b": keepalive\n\n"
            await send({"type": "http.response.body", "body": events, "more_body": True})
            outbox.drop(reader, len(lines or ()))
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def _until_gone(receive: Receive) -> AsyncGenerator[None]:
    """Leave the body of this when the client closes the connection."""

    async def watch(scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch, tasks.cancel_scope)
        yield
        tasks.cancel_scope.cancel()


def _message(body: bytes) -> Message:
    """The JSON object in a body; what else is wrong with it, the peer answers."""
    try:
        message: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise _RefusedError(400, "the body is not JSON") from None
    if isinstance(message, list):
        raise _RefusedError(501, "batches are not supported; post one message at a time")
    if not isinstance(message, dict):
        raise _RefusedError(400, "the body is not a JSON-RPC message")
    return message  # pyright: ignore[reportUnknownVariableType] - parsed JSON
