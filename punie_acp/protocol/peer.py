"""One side of a JSON-RPC 2.0 connection: both sides may ask, tell, answer and cancel.

The SDK's connection is not used: its router loses stable methods, lets `_meta` keys overwrite parameters and dies on a
line `[]` (agent-client-protocol 0.12.1), and importing it takes longer than `initialize` may take to be answered.
"""

from __future__ import annotations

import math
import traceback
from collections import Counter
from typing import TYPE_CHECKING, Protocol, TypeAlias

import anyio
from anyio import lowlevel

from punie_acp.protocol.errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    REQUEST_CANCELLED,
    TOO_MANY_REQUESTS,
    JsonValue,
    RpcError,
)
from punie_acp.protocol.framing import LineTooLong, encode, parse, read_lines
from punie_acp.protocol.lanes import Lanes
from punie_acp.protocol.messages import Incoming, Params, RequestId, read_call, read_id
from punie_acp.protocol.pending import PendingRequests
from punie_acp.protocol.trace import enter_trace, with_trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anyio.abc import TaskGroup

    from punie_acp.protocol.framing import ByteReceive, ByteSend
    from punie_acp.protocol.lanes import Lane, Place
    from punie_acp.protocol.pending import PendingRequest

Log: TypeAlias = "Callable[[str, Mapping[str, object]], None]"

CANCEL_METHOD = "$/cancel_request"
SECONDS_TO_SAY_CANCEL = 1.0
SECONDS_FOR_THE_QUICK = 0.1
MAX_REQUESTS = 256
NOTES_OF_A_KIND = 20  # in the log; a client that sends nonsense without end must not fill a disk or a pipe


class Handler(Protocol):
    """What this side does when it is asked or told something."""

    async def request(self, incoming: Incoming) -> JsonValue:
        """The result for a request. Raises `RpcError`. Runs in a task of its own, which the other side may cancel."""
        ...

    async def notification(self, incoming: Incoming) -> None:
        """Take note. Awaited before the next line is read, so it has to be quick."""
        ...


class Peer:
    """Serves `handler` to the other side, and carries requests and notifications there."""

    def __init__(
        self,
        receive: ByteReceive,
        send: ByteSend,
        handler: Handler,
        *,
        max_line_bytes: int,
        max_requests: int = MAX_REQUESTS,
        lane: Callable[[Incoming], Lane | None] | None = None,
        log: Log | None = None,
    ) -> None:
        self._receive = receive
        self._send_stream = send
        self._send_lock = anyio.Lock(fast_acquire=True)
        self._handler = handler
        self._max_line_bytes = max_line_bytes
        self._max_requests = max_requests
        self._lane = lane or _no_lane
        self._lanes = Lanes()
        self._log_note = log or _no_log
        self._notes: Counter[str] = Counter()
        self._tasks: TaskGroup | None = None
        self._running: dict[RequestId, anyio.CancelScope] = {}
        self._pending = PendingRequests()
        self._closed = False
        self._idle: anyio.Event | None = None  # set, once it is there, when no request runs any more

    async def serve(self) -> None:
        """Read until the other side closes, then cancel what still runs and return once it has ended."""
        try:
            async with anyio.create_task_group() as self._tasks:
                async for line in read_lines(self._receive, self._max_line_bytes):
                    await self._take(line)
                await self._let_the_quick_finish()
                self._closed = True  # what is still to be said, nobody waits for
                self._tasks.cancel_scope.cancel()
        finally:
            self._closed = True
            self._pending.abandon()
            with anyio.CancelScope(shield=True):
                await self._receive.aclose()
                await self._send_stream.aclose()

    async def request(self, method: str, params: Mapping[str, JsonValue]) -> JsonValue:
        """Ask the other side, and wait for its result. Raises `RpcError`.

        Where the caller is cancelled, the other side is told by `$/cancel_request`.
        """
        request = self._pending.new()
        message: Params = {"jsonrpc": "2.0", "id": request.number, "method": method, "params": with_trace(params)}
        try:
            await self._send(message, request)
            return await request.result()
        except anyio.get_cancelled_exc_class():
            if request.sent:
                await self._say_cancelled(request.number)
            raise
        finally:
            self._pending.forget(request)

    async def notify(self, method: str, params: Mapping[str, JsonValue]) -> None:
        """Tell the other side, waiting while it does not read."""
        await self._send({"jsonrpc": "2.0", "method": method, "params": dict(params)})

    async def _let_the_quick_finish(self) -> None:
        """Answer what needs no waiting even after the end of input: `echo '…' | punie-acp --stdio`."""
        if self._running:
            self._idle = anyio.Event()
            with anyio.move_on_after(SECONDS_FOR_THE_QUICK):
                await self._idle.wait()

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
        request_id = read_id(message)
        try:
            incoming = read_call(message)
        except RpcError as error:
            await self._refuse(message, request_id, error)
            return
        if "id" in message:
            await self._start(request_id, incoming)
        else:
            await self._note(incoming)

    async def _refuse(self, message: Params, request_id: RequestId, error: RpcError) -> None:
        """Answer what is no proper request; a notification has nobody to answer to, and no id is answered twice."""
        if "id" in message or "method" not in message:
            await self._answer_error(None if request_id in self._running else request_id, error)
        else:
            self._log("a notification was not understood", {"error": error.message})

    async def _start(self, request_id: RequestId, incoming: Incoming) -> None:
        if request_id in self._running:
            await self._answer_error(None, RpcError(INVALID_REQUEST, f"the id {request_id!r} is in use"))
            return
        if len(self._running) >= self._max_requests:
            message = f"{self._max_requests} requests are being answered; wait for some of them"
            await self._answer_error(request_id, RpcError(TOO_MANY_REQUESTS, message))
            return
        assert self._tasks is not None
        self._running[request_id] = anyio.CancelScope()
        lane = self._lane(incoming)
        self._tasks.start_soon(self._answer, request_id, incoming, lane, self._lanes.take_place(lane))
        await lowlevel.checkpoint()  # it begins now; what needs no waiting is answered before the next line is read

    async def _note(self, incoming: Incoming) -> None:
        if incoming.method == CANCEL_METHOD:
            self._cancel(incoming.params.get("requestId"))
            return
        place = self._lanes.take_place(self._lane(incoming), stays=False)
        if place.is_free:
            await self._tell(incoming, place)
        else:
            assert self._tasks is not None
            self._tasks.start_soon(self._tell, incoming, place)

    async def _tell(self, incoming: Incoming, place: Place) -> None:
        await place.wait()
        try:
            await self._handler.notification(incoming)
        except Exception:  # noqa: BLE001 - a notification has nobody to answer to
            self._log("a notification failed", {"method": incoming.method, "traceback": traceback.format_exc()})

    def _cancel(self, request_id: JsonValue) -> None:
        if isinstance(request_id, bool) or not (request_id is None or isinstance(request_id, str | int)):
            return
        scope = self._running.get(request_id)
        if scope is not None:
            scope.cancel()

    def _settle(self, response: Params) -> None:
        if not self._pending.settle(response):
            self._log("an answer to no request", {"id": response.get("id")})

    # What goes out.

    async def _answer(self, request_id: RequestId, incoming: Incoming, lane: Lane | None, place: Place) -> None:
        response: Params = {}
        scope = self._running[request_id]
        try:
            with self._lanes.held(lane, place):
                with scope:
                    await place.wait()
                    response = await self._response(incoming)
                if scope.cancelled_caught:
                    response = {"error": RpcError(REQUEST_CANCELLED, "the request was cancelled").as_json()}
                await self._send_response(request_id, response)
        finally:
            del self._running[request_id]
            if self._idle is not None and not self._running:
                self._idle.set()

    async def _send_response(self, request_id: RequestId, response: Params) -> None:
        try:
            await self._try_send({"jsonrpc": "2.0", "id": request_id, **response})
        except (TypeError, ValueError) as error:  # the handler's result is not JSON
            self._log("a result could not be sent", {"error": str(error)})
            await self._answer_error(request_id, RpcError(INTERNAL_ERROR, "internal error: the result is not JSON"))

    async def _response(self, incoming: Incoming) -> Params:
        enter_trace(incoming.trace)
        try:
            return {"result": await self._handler.request(incoming)}
        except RpcError as error:
            return {"error": error.as_json()}
        except anyio.get_cancelled_exc_class() as error:
            if anyio.current_effective_deadline() == -math.inf:  # cancelled by whoever may
                raise
            return self._failure(incoming, error)  # the handler cancelled itself; without this nobody would be answered
        except Exception as error:  # noqa: BLE001 - our own fault, which must not end the connection
            return self._failure(incoming, error)

    def _failure(self, incoming: Incoming, error: BaseException) -> Params:
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

    async def _send(self, message: Params, request: PendingRequest | None = None) -> None:
        if self._closed:
            raise anyio.BrokenResourceError
        line = encode(message)
        async with self._send_lock:
            if request is not None:
                request.sent = True
            try:
                await self._send_stream.send(line)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                self._closed = True
                if self._tasks is not None:
                    self._tasks.cancel_scope.cancel()
                raise anyio.BrokenResourceError from None

    async def _say_cancelled(self, number: int) -> None:
        with anyio.CancelScope(shield=True), anyio.move_on_after(SECONDS_TO_SAY_CANCEL):
            await self._try_send({"jsonrpc": "2.0", "method": CANCEL_METHOD, "params": {"requestId": number}})

    def _log(self, event: str, facts: Mapping[str, object]) -> None:
        self._notes[event] += 1
        if self._notes[event] <= NOTES_OF_A_KIND:
            last = {"more": "are not logged"} if self._notes[event] == NOTES_OF_A_KIND else {}
            self._log_note(event, {**facts, **last})


def _no_log(_event: str, _facts: Mapping[str, object]) -> None:
    """Where nobody keeps a log."""


def _no_lane(_incoming: Incoming) -> None:
    """Where every call may begin at once."""
