"""ACP's methods: what a client may ask of this agent, and which session it is asked of.

`initialize` and `session/new` are checked by hand here, because the SDK's schema takes longer to import than both may
take to be answered; everything else is validated by its models.
"""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from punie_acp import __version__
from punie_acp.protocol.errors import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    NOT_FOUND,
    RpcError,
)
from punie_acp.server.permissions import MODE_TEXTS
from punie_acp.server.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from anyio.abc import TaskGroup

    from punie_acp.agent.models import Models
    from punie_acp.protocol.peer import Incoming, JsonValue, Params, Peer
    from punie_acp.settings import Settings
    from punie_acp.workspace.base import Workspace

PROTOCOL_VERSION = 1


class AcpAgent:
    """The handler of one client's connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sessions: dict[str, Session] = {}
        self._capabilities: Params = {}
        self._peer: Peer | None = None
        self._tasks: TaskGroup | None = None
        self._models: Models | None = None
        self._requests: dict[str, Callable[[Params], Awaitable[JsonValue]]] = {
            "initialize": self._initialize,
            "session/new": self._new_session,
            "session/prompt": self._prompt,
            "session/set_mode": self._set_mode,
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
            if self._models is not None:
                with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                    await self._models.close()

    async def request(self, incoming: Incoming) -> JsonValue:
        """Answer a request. Raises `RpcError`."""
        method = self._requests.get(incoming.method)
        if method is None:
            raise RpcError(METHOD_NOT_FOUND, f"method not found: {incoming.method}")
        return await method(incoming.params)

    async def notification(self, incoming: Incoming) -> None:
        """Take note of a notification; unknown ones are none of our business."""
        if incoming.method == "session/cancel":
            session = self._sessions.get(str(incoming.params.get("sessionId")))
            if session is not None:
                session.cancel()

    # The methods.

    async def _initialize(self, params: Params) -> JsonValue:
        if not isinstance(params.get("protocolVersion"), int):
            raise RpcError(INVALID_PARAMS, "protocolVersion: must be an integer")
        capabilities = params.get("clientCapabilities")
        self._capabilities = capabilities if isinstance(capabilities, dict) else {}
        return {
            "protocolVersion": PROTOCOL_VERSION,
            "agentCapabilities": {"loadSession": False, "promptCapabilities": {"embeddedContext": True}},
            "agentInfo": {"name": "punie-acp", "title": "Punie", "version": __version__},
            "authMethods": [],
        }

    async def _new_session(self, params: Params) -> JsonValue:
        root = _existing_folder(params.get("cwd"), "cwd")
        if not isinstance(params.get("mcpServers", []), list):
            raise RpcError(INVALID_PARAMS, "mcpServers: must be a list")
        assert self._peer is not None
        assert self._tasks is not None
        session_id = uuid.uuid4().hex
        session = self._sessions[session_id] = Session(
            session_id,
            mode=self._settings.mode,
            workspace=self._workspace(session_id, root),
            models=self._shared_models(),
            settings=self._settings,
            peer=self._peer,
        )
        self._tasks.start_soon(_start_later, session)
        return {"sessionId": session_id, "modes": _mode_state(session)}

    async def _prompt(self, params: Params) -> JsonValue:
        session = self._session(params)
        if not await session.imported():
            return {"stopReason": "cancelled"}
        from acp.schema import PromptRequest

        from punie_acp.server.prompts import UnsupportedContentError

        request = _validated(PromptRequest, params)
        try:
            response = await session.prompt(request.prompt)
        except UnsupportedContentError as error:
            raise RpcError(INVALID_PARAMS, f"prompt: {error}") from error
        except Exception as error:
            raise _as_rpc_error(error) from error
        return response.model_dump(mode="json", by_alias=True, exclude_none=True)

    async def _set_mode(self, params: Params) -> JsonValue:
        session = self._session(params)
        mode = params.get("modeId")
        if mode not in MODE_TEXTS:
            raise RpcError(INVALID_PARAMS, f"modeId: must be one of {', '.join(MODE_TEXTS)}")
        session.permissions.mode = mode
        return {}

    # What they share.

    def _session(self, params: Params) -> Session:
        session_id = params.get("sessionId")
        if not isinstance(session_id, str):
            raise RpcError(INVALID_PARAMS, "sessionId: must be a string")
        session = self._sessions.get(session_id)
        if session is None:
            raise RpcError(NOT_FOUND, f"no session {session_id!r}")
        return session

    def _workspace(self, session_id: str, root: Path) -> Workspace:
        from punie_acp.workspace.editor import EditorWorkspace
        from punie_acp.workspace.local import LocalWorkspace

        assert self._peer is not None
        return EditorWorkspace(LocalWorkspace(root), self._peer, session_id, self._capabilities)

    def _shared_models(self) -> Models:
        if self._models is None:
            from punie_acp.agent.models import Models

            self._models = Models(self._settings)
        return self._models


async def _start_later(session: Session) -> None:
    """Start what `session` needs, a moment after its client has been answered: the imports would hold up the answer."""
    await anyio.sleep(0.02)
    await session.live()


def _mode_state(session: Session) -> JsonValue:
    modes: list[JsonValue] = [
        {"id": mode, "name": name, "description": description} for mode, (name, description) in MODE_TEXTS.items()
    ]
    return {"currentModeId": session.permissions.mode, "availableModes": modes}


def _existing_folder(value: JsonValue, name: str) -> Path:
    if not isinstance(value, str) or not Path(value).is_absolute():
        raise RpcError(INVALID_PARAMS, f"{name}: must be an absolute path")
    if not Path(value).is_dir():
        raise RpcError(INVALID_PARAMS, f"{name}: there is no folder {value}")
    return Path(value).resolve()


def _validated(model: type[Any], params: Params) -> Any:  # noqa: ANN401 - one of the SDK's models in, an instance out
    from pydantic import ValidationError

    try:
        return model.model_validate(params)
    except ValidationError as error:
        first = error.errors()[0]
        raise RpcError(INVALID_PARAMS, f"{'.'.join(_path(params, first['loc']))}: {first['msg']}") from error


def _path(value: JsonValue, steps: tuple[int | str, ...]) -> list[str]:
    """Where in `value` an error is, without the names that pydantic adds for the members of a union."""
    if not steps:
        return []
    step, rest = steps[0], steps[1:]
    if isinstance(value, list) and isinstance(step, int):
        return [str(step), *_path(value[step], rest)]
    if isinstance(value, dict) and isinstance(step, str) and (step in value or not rest):
        return [step, *_path(value.get(step), rest)]
    return _path(value, rest)


def _as_rpc_error(error: Exception) -> Exception:
    """A sentence for failures that a user can do something about; others stay what they are, and are logged."""
    from pydantic_ai.exceptions import AgentRunError

    from punie_acp.agent.models import ModelUnavailableError
    from punie_acp.inference.types import EngineError

    if isinstance(error, ModelUnavailableError | EngineError):
        return RpcError(INTERNAL_ERROR, str(error))
    if isinstance(error, AgentRunError):
        return RpcError(INTERNAL_ERROR, f"the model failed: {error}")
    return error
