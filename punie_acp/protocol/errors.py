"""JSON-RPC errors, with the codes that ACP gives them (ACP v1, `ErrorCode`)."""

from __future__ import annotations

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REQUEST_CANCELLED = -32800
AUTH_REQUIRED = -32000
NOT_FOUND = -32002
TOO_MANY_REQUESTS = -32029  # ours, of JSON-RPC's range for servers; as HTTP's 429


class RpcError(Exception):
    """An error as it goes over the wire: raised by a handler, or by `Peer.request` for an error of the other side."""

    def __init__(self, code: int, message: str, data: JsonValue = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def as_json(self) -> dict[str, JsonValue]:
        """The `error` member of a response."""
        error: dict[str, JsonValue] = {"code": self.code, "message": self.message}
        return error if self.data is None else error | {"data": self.data}
