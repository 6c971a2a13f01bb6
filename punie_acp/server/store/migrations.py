"""The tables, version by version, and how an older file becomes a newer one.

A step is never changed once it has been released; what comes later is a step of its own. `PRAGMA user_version` says how
many a file has taken. A file that is not new is copied before its first one.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from punie_acp.server.store.base import StoreError

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION_ID = 0x50554E49  # "PUNI": tells our files from other programs' (SQLite, `PRAGMA application_id`)

_CONVERSATIONS = (
    """CREATE TABLE sessions (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        cwd TEXT NOT NULL,
        additional_directories TEXT NOT NULL, -- JSON
        title TEXT,
        mode TEXT NOT NULL,
        model TEXT NOT NULL,
        options TEXT NOT NULL, -- JSON
        parent TEXT, -- the id of a session, which may be gone
        created TEXT NOT NULL,
        updated TEXT NOT NULL
    )""",
    "CREATE INDEX sessions_by_time ON sessions (updated)",
    "CREATE INDEX sessions_by_folder ON sessions (cwd, updated)",
    """CREATE TABLE turns (
        session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        number INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('running', 'ended', 'interrupted')),
        owner TEXT NOT NULL, -- the process that runs it
        prompt TEXT NOT NULL, -- JSON
        stop_reason TEXT,
        usage TEXT, -- JSON
        began TEXT NOT NULL,
        ended TEXT,
        UNIQUE (session, number)
    )""",
    "CREATE INDEX turns_running ON turns (owner) WHERE state = 'running'",
    """CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        turn INTEGER NOT NULL,
        body TEXT NOT NULL -- an ACP session update, as JSON
    )""",
    "CREATE INDEX events_by_turn ON events (session, turn)",
    """CREATE TABLE messages (
        session INTEGER PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
        turn INTEGER NOT NULL, -- the last one that is in it
        body BLOB NOT NULL -- pydantic-ai's messages as JSON
    )""",
    """CREATE TABLE permissions (
        id TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        effect TEXT NOT NULL CHECK (effect IN ('allow', 'reject')),
        type TEXT NOT NULL,
        pattern TEXT NOT NULL,
        created TEXT NOT NULL
    )""",
    "CREATE INDEX permissions_by_project ON permissions (project)",
)

_PAUSED_PROGRAMS = (
    """CREATE TABLE snapshots (
        number INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
        turn INTEGER NOT NULL,
        program TEXT NOT NULL,
        call TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('requested', 'started', 'finished')),
        facts TEXT NOT NULL, -- JSON
        dump BLOB,
        UNIQUE (session, call)
    )""",
)

STEPS = (_CONVERSATIONS, _PAUSED_PROGRAMS)
VERSION = len(STEPS)


def migrate(connection: sqlite3.Connection, path: Path) -> Path | None:
    """Bring the file at `path` to `VERSION`. Gives the copy of what was there, if there was something older.

    Raises `StoreError` for a newer file, and for one of another program; `sqlite3.Error` if it fails. Then nothing has
    changed.
    """
    if read_version(connection, path) == VERSION:
        return None
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = read_version(connection, path)  # another process may have been at it
        backup = _back_up(path, version) if 0 < version < VERSION else None
        for step in STEPS[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return backup


def read_version(connection: sqlite3.Connection, path: Path) -> int:
    """How many steps the file has taken. Raises `StoreError` if we cannot go on from there."""
    connection.execute("SAVEPOINT reading")  # one moment of the file: another process may be making its tables
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("RELEASE reading")
    if tables and application != APPLICATION_ID:
        raise StoreError(f"{path} belongs to another program. Move it away, or set PUNIE_DATA_DIR to another folder.")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer punie-acp: its store is version {version}, this one knows up to {VERSION}. "
            "Upgrade punie-acp, or set PUNIE_DATA_DIR to another folder."
        )
    return version


def _back_up(path: Path, version: int) -> Path:
    """Copy the file and what is only in its WAL so far. Through a connection of its own, for a writer's cannot."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    backup = path.with_name(f"{path.stem}.v{version}-{stamp}{path.suffix}")
    unfinished = backup.with_name(backup.name + ".part")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    unfinished.replace(backup)
    return backup
