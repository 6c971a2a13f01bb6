"""The checkpoints of one project in one SQLite file: contents by their hash, and what each turn touched.

Contents are stored once, whoever needs them. Everything that belongs together is written in one transaction, so that a
killed process leaves no half of it. The file is readable by its owner alone, as it holds what the project's files hold.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.workspace.checkpoints.values import Checkpoint, Entry, Touched

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

VERSION = 1  # of the tables; a newer file is refused and left alone
_SCHEMA = """
CREATE TABLE IF NOT EXISTS blobs (hash TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS seen (path BLOB PRIMARY KEY, signature TEXT NOT NULL, entry TEXT NOT NULL, hash TEXT);
CREATE TABLE IF NOT EXISTS turns (
  number INTEGER PRIMARY KEY, session TEXT NOT NULL, turn TEXT NOT NULL, undo_of TEXT, undone_by TEXT,
  UNIQUE (session, turn));
CREATE TABLE IF NOT EXISTS touched (
  session TEXT NOT NULL, turn TEXT NOT NULL, path BLOB NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
  before_hash TEXT, after_hash TEXT, disturbed INTEGER NOT NULL, PRIMARY KEY (session, turn, path));
"""


class CheckpointError(Exception):
    """Checkpoints cannot be kept or read. The message says why."""


class Database:
    """One connection, used by one thread at a time."""

    def __init__(self, file: Path) -> None:
        """Raises `CheckpointError`."""
        self._lock = threading.Lock()
        self._file = file
        self._connection = _connect(file)

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """One transaction. Raises `CheckpointError`; then nothing of it was written."""
        with self._lock, _errors(self._file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def read(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """All rows. Raises `CheckpointError`."""
        with self._lock, _errors(self._file):
            return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    # Contents.

    def content(self, content_hash: str) -> bytes | None:
        """The bytes with this SHA-256, if they are kept."""
        rows = self.read("SELECT data FROM blobs WHERE hash = ?", content_hash)
        return zlib.decompress(_bytes(rows[0][0])) if rows else None

    # What files were like when they were last looked at.

    def seen(self) -> dict[str, tuple[str, Entry]]:
        """Signature and entry by path."""
        rows = self.read("SELECT path, signature, entry FROM seen")
        return {os.fsdecode(_bytes(path)): (str(sign), Entry.from_json(str(entry))) for path, sign, entry in rows}

    # Turns.

    def checkpoints(self, session: str) -> list[Checkpoint]:
        """The turns of a session that touched something, and its undos, in order."""
        rows = self.read(
            "SELECT turn, undo_of, undone_by FROM turns WHERE session = ? AND EXISTS (SELECT 1 FROM touched"
            " WHERE touched.session = turns.session AND touched.turn = turns.turn) ORDER BY number",
            session,
        )
        return [Checkpoint(str(turn), _text(undo_of), _text(undone_by)) for turn, undo_of, undone_by in rows]

    def touched(self, session: str, turn: str) -> list[Touched]:
        """What a turn touched, by path."""
        rows = self.read(
            "SELECT path, before, after, disturbed FROM touched WHERE session = ? AND turn = ? ORDER BY path",
            session,
            turn,
        )
        return [
            Touched(
                Path(os.fsdecode(_bytes(path))),
                Entry.from_json(str(before)),
                Entry.from_json(str(after)),
                bool(disturbed),
            )
            for path, before, after, disturbed in rows
        ]

    def one_touched(self, session: str, turn: str, path: str) -> Touched | None:
        """What a turn did to `path`."""
        rows = self.read(
            "SELECT before, after, disturbed FROM touched WHERE session = ? AND turn = ? AND path = ?",
            session,
            turn,
            os.fsencode(path),
        )
        if not rows:
            return None
        before, after, disturbed = rows[0]
        return Touched(Path(path), Entry.from_json(str(before)), Entry.from_json(str(after)), bool(disturbed))

    def forget(self, session: str) -> None:
        """Remove a session's checkpoints, and the contents that nothing needs any more."""
        with self.writing() as connection:
            connection.execute("DELETE FROM touched WHERE session = ?", (session,))
            connection.execute("DELETE FROM turns WHERE session = ?", (session,))
            if not connection.execute("SELECT 1 FROM turns LIMIT 1").fetchone():
                connection.execute("DELETE FROM seen")
            connection.execute(
                "DELETE FROM blobs WHERE hash NOT IN (SELECT hash FROM seen WHERE hash IS NOT NULL"
                " UNION SELECT before_hash FROM touched WHERE before_hash IS NOT NULL"
                " UNION SELECT after_hash FROM touched WHERE after_hash IS NOT NULL)"
            )
        with self._lock, _errors(self._file):
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def keep_content(connection: sqlite3.Connection, data: bytes) -> str:
    """Keep `data`, in the transaction that is open. Returns its SHA-256."""
    content_hash = hashlib.sha256(data).hexdigest()
    if not connection.execute("SELECT 1 FROM blobs WHERE hash = ?", (content_hash,)).fetchone():
        connection.execute("INSERT INTO blobs VALUES (?, ?)", (content_hash, zlib.compress(data, 1)))
    return content_hash


def keep_seen(connection: sqlite3.Connection, seen: Mapping[str, tuple[str, Entry]], gone: Iterable[str] = ()) -> None:
    """Remember what files were like."""
    rows = [(os.fsencode(path), sign, entry.as_json(), _hash(entry)) for path, (sign, entry) in seen.items()]
    connection.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", rows)
    connection.executemany("DELETE FROM seen WHERE path = ?", [(os.fsencode(path),) for path in gone])


def keep_turn(connection: sqlite3.Connection, session: str, turn: str, undo_of: str | None = None) -> None:
    """Note that there is such a turn."""
    connection.execute(
        "INSERT OR IGNORE INTO turns (session, turn, undo_of) VALUES (?, ?, ?)", (session, turn, undo_of)
    )


def keep_touched(connection: sqlite3.Connection, session: str, turn: str, touched: Touched) -> None:
    """Keep what a turn did to a path, instead of what was kept of it."""
    connection.execute(
        "INSERT OR REPLACE INTO touched VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session,
            turn,
            os.fsencode(touched.path),
            touched.before.as_json(),
            touched.after.as_json(),
            _hash(touched.before),
            _hash(touched.after),
            touched.disturbed,
        ),
    )


def _hash(entry: Entry) -> str | None:
    return entry.content if entry.kind == "file" and entry.is_kept else None


def _connect(file: Path) -> sqlite3.Connection:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
    except OSError as error:
        raise CheckpointError(f"{file} cannot be written: {error.strerror}") from error
    with _errors(file):
        connection = sqlite3.connect(file, timeout=5, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before there is a table
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")  # what is forgotten is gone from the disk too
        if int(connection.execute("PRAGMA user_version").fetchone()[0]) > VERSION:
            connection.close()
            raise CheckpointError(f"{file} was written by a newer punie-acp")
        connection.executescript(f"{_SCHEMA} PRAGMA user_version = {VERSION};")
        return connection


@contextmanager
def _errors(file: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise CheckpointError(f"{file}: {error}") from error


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)
