"""The store over SQLite. A write is there whole or not at all, even after a SIGKILL. Others may write beside us."""

# ruff: noqa: S608 - what is filled into these statements are our own lists of columns

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.server.store.rows import packed, rule_record, snapshot_record
from punie_acp.server.store.sessions import unknown_session
from punie_acp.server.store.turns import OF_SESSION, Turns

if TYPE_CHECKING:
    from punie_acp.server.store.base import RuleRecord, SnapshotRecord

_SNAPSHOTS = f"SELECT turn, program, call, state, facts, dump FROM snapshots WHERE {OF_SESSION}"


class SqliteStore(Turns):
    """`base.Store` over one file: what `Turns` keeps, permission rules, and paused programs."""

    # Permission rules, by project.

    def rules(self, project: str) -> tuple[RuleRecord, ...]:
        """As `Store` says."""
        sql = "SELECT id, effect, type, pattern, created FROM permissions WHERE project = ? ORDER BY rowid"
        return tuple(rule_record(row) for row in self._db.rows(sql, project))

    def add_rule(self, project: str, rule: RuleRecord) -> None:
        """As `Store` says."""
        self._db.write(
            "INSERT INTO permissions (id, project, effect, type, pattern, created) VALUES (?, ?, ?, ?, ?, ?)",
            *(rule.rule_id, project, rule.effect, rule.type, rule.pattern, rule.created),
        )

    def remove_rule(self, rule_id: str) -> bool:
        """As `Store` says."""
        same = "(project, effect, type, pattern)"
        sql = f"DELETE FROM permissions WHERE {same} IN (SELECT {same[1:-1]} FROM permissions WHERE id = ?)"
        return self._db.write(sql, rule_id) > 0

    # Paused programs.

    def save_snapshot(self, snapshot: SnapshotRecord) -> None:
        """As `Store` says."""
        kept = self._db.write(
            "INSERT INTO snapshots (session, turn, program, call, state, facts, dump) "
            "SELECT number, ?, ?, ?, ?, ?, ? FROM sessions WHERE id = ? ON CONFLICT (session, call) DO UPDATE SET "
            "state = excluded.state, facts = excluded.facts, dump = coalesce(excluded.dump, dump)",
            *(snapshot.turn, snapshot.program, snapshot.call, snapshot.state, packed(dict(snapshot.facts))),
            *(snapshot.dump, snapshot.session_id),
        )
        if not kept:
            raise unknown_session(snapshot.session_id)

    def snapshots(self, session_id: str) -> tuple[SnapshotRecord, ...]:
        """As `Store` says."""
        rows = self._db.rows(f"{_SNAPSHOTS} ORDER BY number", session_id)
        return tuple(snapshot_record(session_id, row) for row in rows)

    def snapshot(self, session_id: str) -> SnapshotRecord | None:
        """As `Store` says."""
        row = self._db.row(f"{_SNAPSHOTS} AND dump IS NOT NULL ORDER BY number DESC", session_id)
        return None if row is None else snapshot_record(session_id, row)

    def drop_snapshots(self, session_id: str, program: str | None = None) -> None:
        """As `Store` says."""
        sql = f"DELETE FROM snapshots WHERE {OF_SESSION} AND (? IS NULL OR program = ?)"
        self._db.write(sql, session_id, program, program)

    def close(self) -> None:
        """As `Store` says."""
        self._owner.release()
        self._db.close()
