"""One side of a JSON-RPC 2.0 connection: both sides may ask, tell, answer and cancel.

The SDK's connection is not used: its router loses stable methods, lets `_meta` keys overwrite parameters and dies on a
line `[]` (agent-client-protocol 0.12.1), and importing it takes longer than `initialize` may take to be answered.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

import anyio
from anyio import lowlevel

from punie_acp.protocol.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    REQUEST_CANCELLED,
    JsonValue,
    RpcError,
)
from punie_acp.protocol.framing import LineTooLong, encode, parse, read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anyio.abc import TaskGroup

    from punie_acp.protocol.framing import ByteReceive, ByteSend

Params: TypeAlias = dict[str, JsonValue]
RequestId: TypeAlias = str | int | None
Log: TypeAlias = "Callable[[str, Mapping[str, object]], None]"

CANCEL_METHOD = "$/cancel_request"
SECONDS_TO_SAY_CANCEL = 1.0
SECONDS_FOR_THE_QUICK = 0.1


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request or notification of the other side."""

    method: str
    params: Params  # without `_meta`
    meta: Params  # the `_meta` object, apart, so that none of its keys passes for a parameter


class Handler(Protocol):
    """What this side does when it is asked or told something."""

    async def request(self, incoming: Incoming) -> JsonValue:
        """The result for a request. Raises `RpcError`. Runs in a task of its own, which the other side may cancel."""
        ...

    async def notification(self, incoming: Incoming) -> None:
        """Take note. Awaited before the next line is read, so it has to be quick."""
        ...


@dataclass(slots=True)
class _Pending:
    """A request of ours that has not been answered."""

    answered: anyio.Event = field(default_factory=anyio.Event)
    outcome: JsonValue | RpcError = None


class Peer:
    """Serves `handler` to the other side, and carries requests and notifications there."""

    def __init__(
        self,
        receive: ByteReceive,
        send: ByteSend,
        handler: Handler,
        *,
        max_line_bytes: int,
        log: Log | None = None,
    ) -> None:
        self._receive = receive
        self._send_stream = send
        self._send_lock = anyio.Lock()
        self._handler = handler
        self._max_line_bytes = max_line_bytes
        self._log = log or _no_log
        self._tasks: TaskGroup | None = None
        self._running: dict[RequestId, anyio.CancelScope] = {}
        self._pending: dict[int, _Pending] = {}
        self._last_id = 0
        self._closed = False

    async def serve(self) -> None:
        """Read until the other side closes, then cancel what still runs and return once it has ended."""
        try:
            async with anyio.create_task_group() as self._tasks:
                async for line in read_lines(self._receive, self._max_line_bytes):
                    await self._take(line)
                await self._let_the_quick_finish()
                self._tasks.cancel_scope.cancel()
        finally:
            self._closed = True
            self._abandon_pending()
            with anyio.CancelScope(shield=True):
                await self._receive.aclose()
                await self._send_stream.aclose()

    async def request(self, method: str, params: Mapping[str, JsonValue]) -> JsonValue:
        """Ask the other side, and wait for its result. Raises `RpcError`.

        Where the caller is cancelled, the other side is told by `$/cancel_request`.
        """
        self._last_id += 1
        request_id = self._last_id
        pending = self._pending[request_id] = _Pending()
        try:
            await self._send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": dict(params)})
            await pending.answered.wait()
        except anyio.get_cancelled_exc_class():
            await self._say_cancelled(request_id)
            raise
        finally:
            del self._pending[request_id]
        if isinstance(pending.outcome, RpcError):
            raise pending.outcome
        return pending.outcome

    async def notify(self, method: str, params: Mapping[str, JsonValue]) -> None:
        """Tell the other side, waiting while it does not read."""
        await self._send({"jsonrpc": "2.0", "method": method, "params": dict(params)})

    async def _let_the_quick_finish(self) -> None:
        """Answer what needs no waiting even after the end of input: `echo '…' | punie-acp --stdio`."""
        with anyio.move_on_after(SECONDS_FOR_THE_QUICK):
            while self._running:
                await anyio.sleep(0.002)

    # What comes in.

    async def _take(self, line: bytes | LineTooLong) -> None:
        """One line. Whatever is wrong with it, the next one is read."""
        if isinstance(line, bytes) and not line.strip():
            return
        try:
            if isinstance(line, LineTooLong):
                raise RpcError(INVALID_REQUEST, f"the line is longer than {line.limit} bytes")
            await self._dispatch(parse(line))
        except RpcError as error:
            await self._answer_error(None, error)

    async def _dispatch(self, message: Params) -> None:
        if "method" not in message and ("result" in message or "error" in message):
            self._settle(message)
            return
        request_id = _request_id(message)
        try:
            incoming = _incoming(message)
        except RpcError as error:
            await self._answer_error(request_id, error)
            return
        if "id" in message:
            await self._start(request_id, incoming)
        else:
            await lowlevel.checkpoint()  # requests that came before it have begun when it is taken note of
            await self._note(incoming)

    async def _start(self, request_id: RequestId, incoming: Incoming) -> None:
        if request_id in self._running:
            await self._answer_error(request_id, RpcError(INVALID_REQUEST, f"the id {request_id!r} is in use"))
            return
        assert self._tasks is not None
        self._running[request_id] = scope = anyio.CancelScope()
        self._tasks.start_soon(self._answer, request_id, incoming, scope)

    async def _note(self, incoming: Incoming) -> None:
        if incoming.method == CANCEL_METHOD:
            request_id = incoming.params.get("requestId")
            scope = self._running.get(request_id) if isinstance(request_id, str | int) else None
            if scope is not None:
                scope.cancel()
            return
        try:
            await self._handler.notification(incoming)
        except Exception:  # noqa: BLE001 - a notification has nobody to answer to
            self._log("a notification failed", {"method": incoming.method, "traceback": traceback.format_exc()})

    def _settle(self, message: Params) -> None:
        request_id = message.get("id")
        pending = self._pending.get(request_id) if isinstance(request_id, int) else None
        if pending is None or pending.answered.is_set():
            self._log("an answer to no request", {"id": request_id})
            return
        pending.outcome = _error_of(message["error"]) if "error" in message else message["result"]
        pending.answered.set()

    # What goes out.

    async def _answer(self, request_id: RequestId, incoming: Incoming, scope: anyio.CancelScope) -> None:
        response: Params = {}
        try:
            with scope:
                response = await self._response(incoming)
        finally:
            del self._running[request_id]
        if scope.cancelled_caught:
            response = {"error": RpcError(REQUEST_CANCELLED, "the request was cancelled").as_json()}
        await self._try_send({"jsonrpc": "2.0", "id": request_id, **response})

    async def _response(self, incoming: Incoming) -> Params:
        try:
            return {"result": await self._handler.request(incoming)}
        except RpcError as error:
            return {"error": error.as_json()}
        except Exception as error:  # noqa: BLE001 - our own fault, which must not end the connection
            self._log("a request failed", {"method": incoming.method, "traceback": traceback.format_exc()})
            message = f"internal error: {type(error).__name__}; the log has more"
            return {"error": RpcError(INTERNAL_ERROR, message).as_json()}

    async def _answer_error(self, request_id: RequestId, error: RpcError) -> None:
        await self._try_send({"jsonrpc": "2.0", "id": request_id, "error": error.as_json()})

    async def _try_send(self, message: Params) -> None:
        """Send an answer; if nobody is there to read it, `serve` is about to end."""
        try:
            await self._send(message)
        except anyio.BrokenResourceError:
            return

    async def _send(self, message: Params) -> None:
        if self._closed:
            raise anyio.BrokenResourceError
        line = encode(message)
        async with self._send_lock:
            try:
                await self._send_stream.send(line)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                self._closed = True
                if self._tasks is not None:
                    self._tasks.cancel_scope.cancel()
                raise anyio.BrokenResourceError from None

    async def _say_cancelled(self, request_id: int) -> None:
        with anyio.CancelScope(shield=True), anyio.move_on_after(SECONDS_TO_SAY_CANCEL):
            await self._try_send({"jsonrpc": "2.0", "method": CANCEL_METHOD, "params": {"requestId": request_id}})

    def _abandon_pending(self) -> None:
        for pending in self._pending.values():
            pending.outcome = RpcError(INTERNAL_ERROR, "the connection was closed before the answer came")
            pending.answered.set()


def _no_log(_event: str, _facts: Mapping[str, object]) -> None:
    """Where nobody keeps a log."""


def _request_id(message: Params) -> RequestId:
    """The id to answer to. Raises `RpcError` for one that JSON-RPC does not have."""
    request_id = message.get("id")
    if request_id is None or (isinstance(request_id, str | int) and not isinstance(request_id, bool)):
        return request_id
    raise RpcError(INVALID_REQUEST, "id: must be a string, an integer or null")


def _incoming(message: Params) -> Incoming:
    """The request or notification in `message`. Raises `RpcError` that says which member is wrong."""
    if message.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, 'jsonrpc: must be "2.0"')
    method = message.get("method")
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "method: must be a string")
    params = message.get("params")
    if params is None:
        params = {}
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "params: must be an object")
    meta = params.get("_meta")
    own = {name: value for name, value in params.items() if name != "_meta"}
    return Incoming(method, own, meta if isinstance(meta, dict) else {})


def _error_of(error: JsonValue) -> RpcError:
    if not isinstance(error, dict):
        return RpcError(INTERNAL_ERROR, f"an error of unknown form: {error!r}")
    code, message = error.get("code"), error.get("message")
    return RpcError(code if isinstance(code, int) else INTERNAL_ERROR, str(message), error.get("data"))
