"""The ASGI application: who may come in, and which transport it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio

from punie_acp.agent.models import Models
from punie_acp.server.connection import serve_connection
from punie_acp.server.transports.access import Refusal
from punie_acp.server.transports.asgi import respond
from punie_acp.server.transports.http import HttpConnections
from punie_acp.server.transports.websocket import serve_websocket

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from punie_acp.server.transports.access import Access
    from punie_acp.server.transports.asgi import Receive, Scope, Send
    from punie_acp.settings import Settings

ENDPOINT = "/acp"
UNAUTHORIZED = 401


class App:
    """Serves every connection with an agent of its own."""

    def __init__(self, settings: Settings, access: Access, tasks: TaskGroup) -> None:
        self._access = access
        self._models = Models(settings)  # one model in memory, however many clients there are
        self._serve = partial(serve_connection, settings=settings, models=self._models)
        self._http = HttpConnections(self._serve, tasks, settings.max_line_bytes)
        self._sockets: set[anyio.CancelScope] = set()
        tasks.start_soon(self._http.end_deserted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or serve a WebSocket until it is closed."""
        refusal = self._access.refusal(scope) or _unknown_path(scope)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
        elif scope["type"] == "websocket":
            await self._serve_socket(receive, send)
        else:
            await self._http.handle(scope, receive, send)

    def end_all(self) -> None:
        """Close every connection; the agents behind them end with them."""
        self._http.end_all()
        for scope in self._sockets:
            scope.cancel()

    async def close(self) -> None:
        """Let go of the model, once every connection has ended."""
        with anyio.CancelScope(shield=True), anyio.move_on_after(1):
            await self._models.close()

    async def _serve_socket(self, receive: Receive, send: Send) -> None:
        with anyio.CancelScope() as scope:
            self._sockets.add(scope)
            try:
                await serve_websocket(receive, send, self._serve)
            finally:
                self._sockets.discard(scope)


def _unknown_path(scope: Scope) -> Refusal | None:
    return None if scope["path"] == ENDPOINT else Refusal(404, f"the endpoint is {ENDPOINT}")


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer before anything else is read; a WebSocket's opening is answered as an HTTP request."""
    prefix = "http.response"
    if scope["type"] == "websocket":
        await receive()
        prefix = "websocket.http.response"
    challenge = {"www-authenticate": "Bearer"} if refusal.status == UNAUTHORIZED else None
    await respond(send, refusal.status, {"error": refusal.reason}, challenge, prefix=prefix)
