"""Which event stream a message of the agent belongs to, and which of a client's posts name what there is.

The rules are those of the SDK's `acp.http.server`: what concerns an open session goes to the session's stream, all
else to the connection's. A session that is being loaded is told over the connection's stream until it is open, so that
its replay and the answer stay in order.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from punie_acp.server.transports.outbox import Outbox

if TYPE_CHECKING:
    from punie_acp.protocol.errors import JsonValue

Message: TypeAlias = "dict[str, Any]"  # parsed JSON

OPENING = frozenset({"session/load", "session/resume"})
ENDING = frozenset({"session/close", "session/delete"})
NEEDS_SESSION_HEADER = frozenset(
    {"session/set_mode", "session/set_config_option", "session/prompt", "session/cancel", "session/close"}
)


class Routes:
    """The streams of one connection."""

    def __init__(self) -> None:
        self.connection = Outbox()
        self.sessions: dict[str, Outbox] = {}
        self._asked: dict[str | int | None, tuple[str, str]] = {}  # method and session by the id of a client's request
        self._opening: set[str] = set()

    def note(self, message: Message) -> None:
        """Take note of a request that the client posts."""
        session, method, number = session_of(message.get("params")), message.get("method"), _id_of(message)
        if session is None or not isinstance(method, str) or number is None:
            return
        self._asked[number] = method, session
        if method in OPENING and session not in self.sessions:
            self.sessions[session] = Outbox()
            self._opening.add(session)

    async def send(self, line: bytes) -> None:
        """Put a line of the agent where its client fetches it."""
        message: Message = json.loads(line)
        if "method" in message:
            await self._outbox(session_of(message.get("params"))).put(line)
        else:
            await self._send_answer(message, line)

    async def _send_answer(self, answer: Message, line: bytes) -> None:
        method, session = self._asked.pop(_id_of(answer), ("", ""))
        opened = session_of(answer.get("result"))
        if opened is not None:
            self.sessions.setdefault(opened, Outbox()).in_use = True
        await self._outbox(None if opened else session).put(line)
        if method in OPENING:
            self._settle(session, opened="result" in answer)
        elif method in ENDING and "result" in answer and session in self.sessions:
            self.sessions.pop(session).end()

    def end(self) -> None:
        """End all streams."""
        for outbox in (self.connection, *self.sessions.values()):
            outbox.end()

    def _outbox(self, session: str | None) -> Outbox:
        """A session's stream where it is open and its client known to fetch from it; else the connection's."""
        outbox = self.sessions.get(session or "")
        return outbox if outbox and outbox.in_use and session not in self._opening else self.connection

    def _settle(self, session: str, *, opened: bool) -> None:
        if session in self._opening:
            self._opening.discard(session)
            if not opened:
                self.sessions.pop(session).end()


def session_of(value: JsonValue) -> str | None:
    """The `sessionId` in the params or the result of a message."""
    session = value.get("sessionId") if isinstance(value, dict) else None
    return session if isinstance(session, str) else None


def _id_of(message: Message) -> str | int | None:
    number = message.get("id")
    return number if isinstance(number, str | int) and not isinstance(number, bool) else None
