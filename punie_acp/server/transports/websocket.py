"""A WebSocket as the two ends of a connection: one message is one text frame."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from punie_acp.protocol.stdio import End
    from punie_acp.server.transports.asgi import Receive, Send

CONNECTION_HEADER = b"acp-connection-id"


async def serve_websocket(receive: Receive, send: Send, serve: Callable[[End], Awaitable[None]]) -> None:
    """Accept the connection that is being opened, and serve it until one side closes it."""
    if (await receive())["type"] != "websocket.connect":
        return
    headers = [(CONNECTION_HEADER, uuid.uuid4().hex.encode())]
    await send({"type": "websocket.accept", "headers": headers})
    frames = _Frames(receive, send)
    await serve((_FrameReceive(frames), _FrameSend(frames)))


class _Frames:
    """What both ends know of their socket."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.receive = receive
        self.send = send
        self.is_open = True


class _FrameReceive:
    def __init__(self, frames: _Frames) -> None:
        self._frames = frames

    async def receive(self) -> bytes:
        """The next text frame as a line. Binary frames mean nothing, as in the SDK."""
        while self._frames.is_open:
            event = await self._frames.receive()
            if event["type"] == "websocket.disconnect":
                self._frames.is_open = False
            elif event.get("text"):
                return as_line(event["text"].encode("utf-8", "replace"))
        raise anyio.EndOfStream

    async def aclose(self) -> None:
        """The other end closes the socket."""


class _FrameSend:
    def __init__(self, frames: _Frames) -> None:
        self._frames = frames

    async def send(self, item: bytes) -> None:
        if not self._frames.is_open:
            raise anyio.BrokenResourceError
        try:
            await self._frames.send({"type": "websocket.send", "text": item[:-1].decode()})
        except (OSError, RuntimeError) as error:  # the server's ways to say that the client is gone
            self._frames.is_open = False
            raise anyio.BrokenResourceError from error

    async def aclose(self) -> None:
        if self._frames.is_open:
            self._frames.is_open = False
            with anyio.move_on_after(1):
                await self._frames.send({"type": "websocket.close", "code": 1000})


def as_line(message: bytes) -> bytes:
    """One line for a message that may have been written in several.

    JSON has line feeds only between its tokens, where a carriage return does as well.
    """
    return message.replace(b"\n", b"\r") + b"\n"
