"""ACP's methods: what a client may ask of this agent, and who answers it.

`initialize` is answered by hand and before anything slow is imported; `sessions` has the methods about whole sessions,
`auth` the two about logging in, and what happens inside a session begins here.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from punie_acp import __version__
from punie_acp.protocol.errors import METHOD_NOT_FOUND, RpcError
from punie_acp.server import params as given
from punie_acp.server.auth import Login, auth_methods
from punie_acp.server.client import Client
from punie_acp.settings import MODES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from anyio.abc import TaskGroup

    from punie_acp.agent.models import Models
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Incoming, Params
    from punie_acp.protocol.peer import Peer
    from punie_acp.server.sessions import Sessions
    from punie_acp.settings import Settings

PROTOCOL_VERSION = 1

CAPABILITIES: Params = {
    "loadSession": True,
    "mcpCapabilities": {"http": True, "sse": True},
    "sessionCapabilities": {
        "list": {},
        "delete": {},
        "additionalDirectories": {},
        "resume": {},
        "close": {},
        "fork": {},  # unstable
    },
    "auth": {"logout": {}},
}

SESSION_METHODS = tuple(f"session/{name}" for name in ("new", "load", "resume", "fork", "list", "close", "delete"))
"""What `sessions` answers: it is imported for the first of them."""


class AcpAgent:
    """The handler of one client's connection."""

    def __init__(self, settings: Settings, models: Models | None = None) -> None:
        """`models` are shared with other connections of this process; without them it has its own, and ends them."""
        self._settings = settings
        self._models = models
        self._client = Client()
        self._login = Login()
        self._opened: Sessions | None = None
        self._peer: Peer | None = None
        self._tasks: TaskGroup | None = None
        self._requests: dict[str, Callable[[Params], Awaitable[JsonValue]]] = {
            "initialize": self._initialize,
            "authenticate": self._authenticate,
            "logout": self._logout,
            "session/prompt": self._prompt,
            "session/set_mode": self._set_mode,
            "session/set_config_option": self._set_config_option,
        }

    @asynccontextmanager
    async def connected(self, peer: Peer) -> AsyncGenerator[None]:
        """Serve `peer`'s client inside this; on leaving, every session has ended and the model is closed."""
        self._peer = peer
        try:
            async with anyio.create_task_group() as self._tasks:
                yield
                self._tasks.cancel_scope.cancel()
        finally:
            if self._opened is not None:
                await self._opened.close_all()

    async def request(self, incoming: Incoming) -> JsonValue:
        """Answer a request. Raises `RpcError`."""
        try:
            return await self._method(incoming.method)(incoming.params)
        except RpcError:
            raise
        except Exception as error:
            from punie_acp.server.failures import of_store

            raise of_store(error) from error

    async def notification(self, incoming: Incoming) -> None:
        """Take note of a notification; unknown ones are none of our business."""
        if incoming.method == "session/cancel" and self._opened is not None:
            session = self._opened.find(incoming.params.get("sessionId"))
            if session is not None:
                session.cancel()

    def _method(self, name: str) -> Callable[[Params], Awaitable[JsonValue]]:
        if name in self._requests:
            return self._requests[name]
        if name in SESSION_METHODS:
            return self._sessions.methods[name]
        raise RpcError(METHOD_NOT_FOUND, f"method not found: {name}")

    @property
    def _sessions(self) -> Sessions:
        """The sessions, with the store and the models behind them. Raises `StoreError`."""
        if self._opened is None:
            from punie_acp.server.sessions import Sessions

            assert self._peer is not None
            assert self._tasks is not None
            self._opened = Sessions(self._settings, self._peer, self._client, self._tasks, self._models)
        return self._opened

    # The connection.

    async def _initialize(self, params: Params) -> JsonValue:
        version = params.get("protocolVersion")
        if not isinstance(version, int) or isinstance(version, bool):
            raise given.invalid("protocolVersion", "must be an integer")
        self._client = Client.of(params)
        if self._opened is not None:
            self._opened.greet(self._client)
        return {
            "protocolVersion": PROTOCOL_VERSION,  # the only one that we speak; a client that does not closes
            "agentCapabilities": {**CAPABILITIES, "promptCapabilities": self._prompt_capabilities()},
            "agentInfo": {"name": "punie-acp", "title": "Punie", "version": __version__},
            "authMethods": auth_methods(self._client),
        }

    def _prompt_capabilities(self) -> Params:
        """Local models read text; others may see and hear, and a prompt that they cannot take is refused."""
        media = ":" in self._settings.model and not self._settings.model.startswith("import:")
        return {"image": media, "audio": media, "embeddedContext": True}

    async def _authenticate(self, params: Params) -> JsonValue:
        return self._login.authenticate(params)

    async def _logout(self, params: Params) -> JsonValue:
        return self._login.logout(params)

    # Inside a session.

    async def _prompt(self, params: Params) -> JsonValue:
        session = self._sessions.require(params)
        if not await session.imported():
            return {"stopReason": "cancelled"}
        from acp.schema import PromptRequest

        from punie_acp.server.prompts import UnsupportedContentError

        request = given.validated(PromptRequest, params)
        try:
            return await session.prompt(request.prompt)
        except UnsupportedContentError as error:
            raise given.invalid("prompt", str(error)) from error

    async def _set_mode(self, params: Params) -> JsonValue:
        session = self._sessions.require(params)
        await session.choose("mode", given.one_of(params, "modeId", MODES))
        return {}

    async def _set_config_option(self, params: Params) -> JsonValue:
        from punie_acp.server.config import offered_models, requested_choice

        session = self._sessions.require(params)
        models = offered_models(self._settings, session.options.model)
        option, value = requested_choice(params, models)
        await session.choose(option, value, tell_options=False)
        return {"configOptions": session.config_options()}
