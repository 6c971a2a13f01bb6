"""One client's connection, whatever carries it: an agent of its own at the end of two byte streams."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from punie_acp.protocol.lanes import Lane
from punie_acp.protocol.peer import Peer
from punie_acp.server.agent import AcpAgent
from punie_acp.server.journal import logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punie_acp.agent.models import Models
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Incoming
    from punie_acp.protocol.peer import Handler
    from punie_acp.protocol.stdio import End
    from punie_acp.settings import Settings

LONG_METHODS = ("session/prompt", "session/cancel")


async def serve_connection(end: End, settings: Settings, models: Models | None = None) -> None:
    """Serve the client at `end` until it closes, or until the caller is cancelled.

    `models` are those that it shares with the other connections of this process.
    """
    agent = AcpAgent(settings, models)
    peer = Peer(
        *end,
        TracedHandler(agent),
        max_line_bytes=settings.max_line_bytes,
        max_requests=settings.max_client_requests,
        lane=session_lane,
        log=partial(_log, settings),
    )
    async with agent.connected(peer):
        await peer.serve()


def session_lane(incoming: Incoming) -> Lane | None:
    """Calls about one session begin in the order in which they were sent: a prompt after `session/load` has to wait.

    A prompt makes nobody wait: while it runs, the mode may be set, and the session may be closed.
    """
    session_id = incoming.params.get("sessionId")
    if not isinstance(session_id, str):
        return None
    return Lane(session_id, holds=incoming.method not in LONG_METHODS)


class TracedHandler:
    """Answers as `handler` does, with the client's trace context in each log line that is written meanwhile."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def request(self, incoming: Incoming) -> JsonValue:
        """Answer a request. Raises `RpcError`."""
        trace = incoming.trace
        if not trace:  # structlog need not be imported for it
            return await self._handler.request(incoming)
        from punie_acp.logs import log_context

        with log_context(**trace):
            return await self._handler.request(incoming)

    async def notification(self, incoming: Incoming) -> None:
        """Take note of a notification."""
        await self._handler.notification(incoming)


def _log(settings: Settings, event: str, facts: Mapping[str, object]) -> None:
    """Pass the peer's notes to the log. structlog is imported at the first one."""
    logger(settings, "protocol").warning(event, **facts)
