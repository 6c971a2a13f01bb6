"""The turns of the SQLite store: what was asked, what the client was told, what the model knows of it."""

# ruff: noqa: S608 - what is filled into these statements are our own lists of columns

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from punie_acp.server.store.base import StoreError, now
from punie_acp.server.store.rows import TURN_COLUMNS, packed, stored_update, turn_record
from punie_acp.server.store.sessions import Sessions, unknown_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.server.store.base import SessionRecord, StoredUpdate, TurnRecord
    from punie_acp.server.store.database import Database
    from punie_acp.server.store.liveness import Owner

OF_SESSION = "session = (SELECT number FROM sessions WHERE id = ?)"


class Turns(Sessions):
    """The part of `base.Store` that is about what happens in a session. `owner` is this process."""

    def __init__(self, database: Database, owner: Owner) -> None:
        super().__init__(database)
        self._owner = owner
        for name in owner.gone():
            self._interrupt(name)
            owner.forget(name)

    # Turns.

    def begin_turn(self, session_id: str, number: int, prompt: Sequence[JsonValue]) -> None:
        """As `Store` says."""
        owner = self._owner_name()
        with self._db.transaction():
            session, began = self._number(session_id), now()
            added = self._db.write(
                "INSERT INTO turns (session, number, state, owner, prompt, began) VALUES (?, ?, 'running', ?, ?, ?) "
                "ON CONFLICT (session, number) DO NOTHING",
                *(session, number, owner, packed(list(prompt)), began),
            )
            if not added:
                raise StoreError(f"session {session_id!r} has a turn {number} already: is it open in another agent?")
            self._db.write("UPDATE sessions SET updated = ? WHERE number = ?", began, session)

    def resume_turn(self, session_id: str, number: int) -> None:
        """As `Store` says."""
        owner = self._owner_name()
        self._interrupt_dead(session_id)
        taken = self._db.write(
            "UPDATE turns SET state = 'running', owner = ? "
            f"WHERE {OF_SESSION} AND number = ? AND state = 'interrupted'",
            *(owner, session_id, number),
        )
        if not taken:
            raise StoreError(f"turn {number} of session {session_id!r} is not one that was interrupted")

    def _owner_name(self) -> str:
        try:
            return self._owner.name()
        except OSError as error:
            raise StoreError(f"no file can be made beside {self._db.path}: {error.strerror}") from error

    def end_turn(
        self, session_id: str, number: int, stop_reason: str | None, usage: Mapping[str, JsonValue] | None
    ) -> None:
        """As `Store` says."""
        ended, used = now(), None if usage is None else packed(dict(usage))
        with self._db.transaction():
            self._db.write(
                "UPDATE turns SET state = 'ended', stop_reason = ?, usage = ?, ended = ? "
                f"WHERE {OF_SESSION} AND number = ?",
                *(stop_reason, used, ended, session_id, number),
            )
            self._db.write("UPDATE sessions SET updated = ? WHERE id = ?", ended, session_id)
        self._db.checkpoint()

    def turns(self, session_id: str) -> tuple[TurnRecord, ...]:
        """As `Store` says."""
        self._interrupt_dead(session_id)
        rows = self._db.rows(f"SELECT {TURN_COLUMNS} FROM turns WHERE {OF_SESSION} ORDER BY number", session_id)
        return tuple(turn_record(session_id, row) for row in rows)

    # What the client was told, and what the model knows.

    def append_update(self, session_id: str, turn: int, update: Mapping[str, JsonValue]) -> int:
        """As `Store` says."""
        sql = "INSERT INTO events (session, turn, body) SELECT number, ?, ? FROM sessions WHERE id = ?"
        seq = self._db.insert(sql, turn, packed(update), session_id)
        if seq is None:
            raise unknown_session(session_id)
        return seq

    def replace_updates(self, session_id: str, turn: int, updates: Sequence[Mapping[str, JsonValue]]) -> None:
        """As `Store` says."""
        with self._db.transaction():
            session = self._number(session_id)
            self._db.write("DELETE FROM events WHERE session = ? AND turn = ?", session, turn)
            for update in updates:
                self._db.write(
                    "INSERT INTO events (session, turn, body) VALUES (?, ?, ?)", session, turn, packed(update)
                )

    def updates(self, session_id: str) -> Iterator[StoredUpdate]:
        """As `Store` says. A turn is read at once, so that one which is replaced meanwhile comes whole and once."""
        turn = self._next_turn(session_id, None)
        while turn is not None:
            rows = self._db.rows(
                f"SELECT seq, body FROM events WHERE {OF_SESSION} AND turn = ? ORDER BY seq", session_id, turn
            )
            for row in rows:
                yield stored_update(turn, row)
            turn = self._next_turn(session_id, turn)

    def save_history(self, session_id: str, turn: int, messages: bytes) -> None:
        """As `Store` says."""
        kept = self._db.write(
            "INSERT OR REPLACE INTO messages (session, turn, body) SELECT number, ?, ? FROM sessions WHERE id = ?",
            *(turn, messages, session_id),
        )
        if not kept:
            raise unknown_session(session_id)

    def history(self, session_id: str) -> bytes | None:
        """As `Store` says."""
        row = self._db.row(f"SELECT body FROM messages WHERE {OF_SESSION}", session_id)
        return None if row is None else row[0]

    # Both.

    def fork_session(self, session_id: str, new: SessionRecord) -> None:
        """As `Store` says."""
        self._interrupt_dead(session_id)
        with self._db.transaction():
            old = self._number(session_id)
            self.create_session(replace(new, parent=new.parent or session_id))
            ids = (self._number(new.session_id), old)
            columns = f"owner, {TURN_COLUMNS}"
            self._db.write(
                f"INSERT INTO turns (session, {columns}) SELECT ?, {columns} FROM turns "
                "WHERE session = ? AND state != 'running'",
                *ids,
            )
            self._db.write(
                "INSERT INTO events (session, turn, body) SELECT ?, turn, body FROM events WHERE session = ? AND turn "
                "NOT IN (SELECT number FROM turns WHERE session = ? AND state = 'running') ORDER BY turn, seq",
                *ids,
                old,
            )
            self._db.write(
                "INSERT INTO messages (session, turn, body) SELECT ?, turn, body FROM messages WHERE session = ?", *ids
            )

    def _next_turn(self, session_id: str, after: int | None) -> int | None:
        """The first turn behind `after` that has updates."""
        sql = f"SELECT min(turn) FROM events WHERE {OF_SESSION} AND (? IS NULL OR turn > ?)"
        row = self._db.row(sql, session_id, after, after)
        return None if row is None else row[0]

    def _interrupt_dead(self, session_id: str) -> None:
        """Mark the turns of a session whose processes are gone."""
        sql = f"SELECT DISTINCT owner FROM turns WHERE state = 'running' AND {OF_SESSION}"
        for (name,) in self._db.rows(sql, session_id):
            if not self._owner.is_alive(name):
                self._interrupt(name)

    def _interrupt(self, owner: str) -> None:
        self._db.write("UPDATE turns SET state = 'interrupted' WHERE state = 'running' AND owner = ?", owner)
