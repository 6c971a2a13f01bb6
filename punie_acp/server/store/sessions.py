"""The sessions of the SQLite store: made, changed, listed, deleted."""

# ruff: noqa: S608 - what is filled into these statements are our own lists of columns

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from punie_acp.server.store.base import Page, StoreError, UnknownSessionError, now
from punie_acp.server.store.rows import (
    SESSION_COLUMNS,
    cursor_after,
    read_cursor,
    session_record,
    session_values,
)

if TYPE_CHECKING:
    from typing import Unpack

    from punie_acp.server.store.base import SessionChanges, SessionRecord
    from punie_acp.server.store.database import Database, Row

_MARKS = ", ".join("?" * len(SESSION_COLUMNS.split(",")))


class Sessions:
    """The part of `base.Store` that is about sessions as such."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def create_session(self, record: SessionRecord) -> None:
        """As `Store` says."""
        sql = f"INSERT INTO sessions ({SESSION_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT (id) DO NOTHING"
        if not self._db.write(sql, *session_values(record)):
            raise StoreError(f"there is a session {record.session_id!r} already")

    def session(self, session_id: str) -> SessionRecord | None:
        """As `Store` says."""
        row = self._db.row(f"SELECT {SESSION_COLUMNS} FROM sessions WHERE id = ?", session_id)
        return None if row is None else session_record(row)

    def change_session(self, session_id: str, **changes: Unpack[SessionChanges]) -> SessionRecord:
        """As `Store` says."""
        with self._db.transaction():
            record = self.session(session_id)
            if record is None:
                raise unknown_session(session_id)
            record = replace(record, **changes, updated=now())
            self._db.write(
                f"UPDATE sessions SET ({SESSION_COLUMNS}) = ({_MARKS}) WHERE id = ?",
                *session_values(record),
                session_id,
            )
        return record

    def sessions(self, *, cwd: str | None = None, cursor: str | None = None, limit: int = 50) -> Page[SessionRecord]:
        """As `Store` says."""
        conditions: list[str] = []
        values: list[object] = []
        if cwd is not None:
            conditions.append("cwd = ?")
            values.append(cwd)
        if cursor is not None:
            conditions.append("(updated, number) < (?, ?)")
            values += read_cursor(cursor)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT number, {SESSION_COLUMNS} FROM sessions {where} ORDER BY updated DESC, number DESC LIMIT ?"
        return _page(self._db.rows(sql, *values, limit + 1), limit)

    def delete_session(self, session_id: str) -> bool:
        """As `Store` says. What was said is overwritten, not only unlinked."""
        self._db.write("PRAGMA secure_delete = ON")
        try:
            deleted = self._db.write("DELETE FROM sessions WHERE id = ?", session_id) > 0
        finally:
            self._db.write("PRAGMA secure_delete = OFF")
        if deleted:
            self._db.shrink()
        return deleted

    def _number(self, session_id: str) -> int:
        """What the other tables call the session. Raises `UnknownSessionError`."""
        row = self._db.row("SELECT number FROM sessions WHERE id = ?", session_id)
        if row is None:
            raise unknown_session(session_id)
        return row[0]


def unknown_session(session_id: str) -> UnknownSessionError:
    """The error for a session that is not there."""
    return UnknownSessionError(f"there is no session {session_id!r}")


def _page(rows: list[Row], limit: int) -> Page[SessionRecord]:
    """A page of rows that start with the session's number. A row more than `limit` says that there is another page."""
    records = tuple(session_record(row[1:]) for row in rows[:limit])
    more = len(rows) > limit
    return Page(records, cursor_after(records[-1].updated, rows[limit - 1][0]) if more else None)
