"""Bytes to lines to JSON values, and back. One message is one line (ACP, Transports)."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

import anyio

from punie_acp.protocol.errors import INVALID_REQUEST, PARSE_ERROR, RpcError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from punie_acp.protocol.errors import JsonValue


class ByteReceive(Protocol):
    """Where bytes come from. anyio's byte streams and memory streams of bytes are such."""

    async def receive(self) -> bytes:
        """Some bytes, at least one. Raises `anyio.EndOfStream`."""
        ...

    async def aclose(self) -> None: ...


class ByteSend(Protocol):
    """Where bytes go. A cancelled `send` has sent all of them or none."""

    async def send(self, item: bytes) -> None:
        """Send `item`, waiting while the other side does not read. Raises `anyio.BrokenResourceError`."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LineTooLong:
    """Stands for a line over the limit, which was read past and not kept."""

    limit: int  # bytes


async def read_lines(receive: ByteReceive, max_bytes: int) -> AsyncGenerator[bytes | LineTooLong]:
    """The lines of a stream, without their ends, until it ends. An unfinished last line is dropped."""
    pending = bytearray()
    skipping = False
    while True:
        try:
            chunk = await receive.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
            return
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            if skipping or len(pending) + len(end) > max_bytes:
                yield LineTooLong(max_bytes)
            else:
                yield bytes(pending + end)
            pending.clear()
            skipping = False
        if skipping or len(pending) + len(rest) > max_bytes:
            pending.clear()
            skipping = True
        else:
            pending += rest


def parse(line: bytes) -> dict[str, JsonValue]:
    """The message in `line`. Raises `RpcError`: -32700 for what is not JSON, -32600 for what is not one message."""
    try:
        text = line.decode("utf-8")  # json would guess other encodings
        value = cast("JsonValue", json.loads(text, parse_constant=_refuse_constant, parse_float=_finite_float))
    except (ValueError, RecursionError) as error:
        raise RpcError(PARSE_ERROR, f"this is not JSON: {error}") from None
    if isinstance(value, list):
        raise RpcError(INVALID_REQUEST, "batches are not supported; send one message a line")
    if not isinstance(value, dict):
        raise RpcError(INVALID_REQUEST, "a message is a JSON object")
    return value


def encode(message: Mapping[str, JsonValue]) -> bytes:
    """One line for `message`. A lone surrogate becomes `?` and a number that JSON does not have `null`.

    Raises `TypeError` or `ValueError` for a value that JSON cannot hold.
    """
    try:
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(dict(message)), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors="replace") + b"\n"


def _finite(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
