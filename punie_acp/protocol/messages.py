"""What a decoded line means: its id, the call it makes, the error it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from punie_acp.protocol.errors import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, JsonValue, RpcError
from punie_acp.protocol.trace import read_trace

Params: TypeAlias = dict[str, JsonValue]
RequestId: TypeAlias = str | int | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request or notification of the other side."""

    method: str
    params: Params  # without `_meta`
    meta: Params  # the `_meta` object, apart, so that none of its keys passes for a parameter

    @property
    def trace(self) -> dict[str, str]:
        """The W3C trace context that came with it: `traceparent`, perhaps `tracestate`, or nothing."""
        return read_trace(self.meta) if self.meta else {}


def read_id(message: Params) -> RequestId:
    """The id to answer to. Raises `RpcError` for one that JSON-RPC does not have."""
    request_id = message.get("id")
    if isinstance(request_id, str) and any("\ud800" <= character <= "\udfff" for character in request_id):
        raise RpcError(INVALID_REQUEST, "id: has half a character, which could not be given back")
    if request_id is None or (isinstance(request_id, str | int) and not isinstance(request_id, bool)):
        return request_id
    raise RpcError(INVALID_REQUEST, "id: must be a string, an integer or null")


def read_call(message: Params) -> Incoming:
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
    if meta is not None and not isinstance(meta, dict):
        raise RpcError(INVALID_PARAMS, "_meta: must be an object")
    own = {name: value for name, value in params.items() if name != "_meta"}
    return Incoming(method, own, meta or {})


def read_error(error: JsonValue) -> RpcError:
    """The `error` of a response, whatever its form."""
    if not isinstance(error, dict):
        return RpcError(INTERNAL_ERROR, f"an error of unknown form: {error!r}")
    code, message = error.get("code"), error.get("message")
    return RpcError(code if isinstance(code, int) else INTERNAL_ERROR, str(message), error.get("data"))
