"""What is said in one turn: into the store first, then to the client. At its end the store keeps it merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.server.replay import Merger, message_chunk
from punie_acp.server.store.base import UnknownSessionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params
    from punie_acp.server.session import Session


class Transcript:
    """The updates of turn `number` of `session`, in order."""

    def __init__(self, session: Session, number: int) -> None:
        self._session = session
        self._number = number
        self._merger = Merger()

    def begin(self, prompt: Sequence[JsonValue]) -> None:
        """Keep the prompt, as the messages that `session/load` shows. The client knows it already."""
        self._session.services.store.begin_turn(self._session.session_id, self._number, prompt)
        for block in prompt:
            message_id = f"t{self._number}/u1"
            self._keep({"sessionUpdate": "user_message_chunk", "messageId": message_id, "content": block})

    def reopen(self) -> None:
        """Go on with a turn that was interrupted. Raises `StoreError` where that is not so."""
        store = self._session.services.store
        store.resume_turn(self._session.session_id, self._number)
        for stored in store.updates(self._session.session_id):
            if stored.turn == self._number:
                self._merger.add(dict(stored.update))

    async def tell(self, update: Params) -> None:
        """Keep an update, then send it. Waits while the client does not read."""
        self._keep(update)
        await self._session.tell(update)

    def fail(self, reason: str) -> None:
        """Keep, for who loads the session, why the turn failed. The client gets it as the answer to its prompt."""
        self._keep(message_chunk(f"t{self._number}/failed", f"The turn failed: {reason}"))

    def end(self, stop_reason: str | None, usage: Params | None = None) -> None:
        """Keep how the turn ended, and its updates merged. Does nothing where the session was deleted meanwhile."""
        store, session_id = self._session.services.store, self._session.session_id
        try:
            store.replace_updates(session_id, self._number, self._merger.updates())
        except UnknownSessionError:
            return
        store.end_turn(session_id, self._number, stop_reason, usage)

    def _keep(self, update: Params) -> None:
        self._session.services.store.append_update(self._session.session_id, self._number, update)
        self._merger.add(update)
