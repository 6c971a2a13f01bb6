"""Between the values of `base` and what stands in the tables; and what a cursor looks like."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from punie_acp.server.store.base import (
    CursorError,
    RuleRecord,
    SessionRecord,
    SnapshotRecord,
    StoredUpdate,
    TurnRecord,
)

if TYPE_CHECKING:
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.server.store.database import Row

SESSION_COLUMNS = (
    "id, cwd, additional_directories, title, mode, model, options, created, updated, parent"  # as `session_values`
)
TURN_COLUMNS = "number, state, prompt, stop_reason, usage, began, ended"


def packed(value: object) -> str:
    """JSON in ASCII: what is half a character in it stays what it is, and SQLite can keep it."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def session_values(record: SessionRecord) -> tuple[object, ...]:
    """The columns of a session."""
    return (
        record.session_id,
        record.cwd,
        packed(list(record.additional_directories)),
        record.title,
        record.mode,
        record.model,
        packed(dict(record.options)),
        record.created,
        record.updated,
        record.parent,
    )


def session_record(row: Row) -> SessionRecord:
    """The session in a row of `SESSION_COLUMNS`."""
    session_id, cwd, directories, title, mode, model, options, created, updated, parent = row
    return SessionRecord(
        session_id=session_id,
        cwd=cwd,
        additional_directories=tuple(json.loads(directories)),
        title=title,
        mode=mode,
        model=model,
        options=json.loads(options),
        created=created,
        updated=updated,
        parent=parent,
    )


def turn_record(session_id: str, row: Row) -> TurnRecord:
    """The turn in a row of `TURN_COLUMNS`."""
    number, state, prompt, stop_reason, usage, began, ended = row
    return TurnRecord(
        session_id=session_id,
        number=number,
        state=state,
        prompt=json.loads(prompt),
        stop_reason=stop_reason,
        usage=None if usage is None else json.loads(usage),
        began=began,
        ended=ended,
    )


def stored_update(turn: int, row: Row) -> StoredUpdate:
    """The update in a row of (seq, body)."""
    seq, body = row
    return StoredUpdate(seq=seq, turn=turn, update=json.loads(body))


def rule_record(row: Row) -> RuleRecord:
    """The rule in a row of (id, effect, type, pattern, created)."""
    rule_id, effect, kind, pattern, created = row
    return RuleRecord(rule_id=rule_id, effect=effect, type=kind, pattern=pattern, created=created)


def snapshot_record(session_id: str, row: Row) -> SnapshotRecord:
    """The snapshot in a row of (turn, program, call, state, facts, dump)."""
    turn, program, call, state, facts, dump = row
    return SnapshotRecord(session_id, turn, program, call, state, json.loads(facts), dump)


def cursor_after(updated: str, number: int) -> str:
    """A cursor for what stands behind this session. Clients take it as it is."""
    return base64.urlsafe_b64encode(packed([updated, number]).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[str, int]:
    """What `cursor_after` was given. Raises `CursorError`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError):
        raise _no_cursor(cursor) from None
    match position:
        case [str(updated), int(number)] if cursor == cursor_after(updated, number):
            return updated, number
        case _:
            raise _no_cursor(cursor)


def _no_cursor(cursor: JsonValue) -> CursorError:
    return CursorError(f"cursor: {str(cursor)[:40]!r} is not one that a list of sessions gave out")
