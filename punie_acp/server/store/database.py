"""The SQLite file of the store: opened, guarded, brought up to date; and SQLite's errors as sentences."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from punie_acp.server.store.base import StoreError
from punie_acp.server.store.migrations import migrate, read_version

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    Row = tuple[Any, ...]

BUSY_SECONDS = 5.0  # that a write waits for another process
CHECKPOINT_PAGES = 8192  # of 4 KiB in the WAL, at which they go into the file by themselves, with an fsync
WAL_BYTES = 16 * 1024 * 1024  # that the WAL keeps on the disk once it is empty


class Database:
    """One open file. Each statement outside of `transaction` is a transaction of its own."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it or bring it up to date if need be. Raises `StoreError`."""
        self.path = path
        self.backup: Path | None = None  # of an older file that was brought up to date
        self._writing_back: Thread | None = None
        try:
            _make_private(path)
        except OSError as error:
            raise StoreError(f"{path} cannot be opened: {error.strerror}") from error
        with self._told():
            # May be opened in a worker thread, and is then used in the event loop's.
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
            )
        try:
            with self._told():
                read_version(self._connection, path)  # before anything is changed in a file that may not be ours
                _configure(self._connection)
                self.backup = migrate(self._connection, path)
        except BaseException:
            self._connection.close()
            raise

    def rows(self, sql: str, *values: object) -> list[Row]:
        """All rows of a query."""
        with self._told():
            return self._execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        """The first row of a query, if any."""
        with self._told():
            return self._execute(sql, values).fetchone()

    def write(self, sql: str, *values: object) -> int:
        """Run a statement. Gives how many rows it changed."""
        with self._told():
            return self._execute(sql, values).rowcount

    def insert(self, sql: str, *values: object) -> int | None:
        """Run an INSERT. Gives the new row's id; None if it found nothing to insert."""
        with self._told():
            cursor = self._execute(sql, values)
            return cursor.lastrowid if cursor.rowcount > 0 else None

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing of what is written inside, and no other process writes meanwhile."""
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with self._told():
                self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def checkpoint(self) -> None:
        """Begin to bring what is in the WAL into the file. If that fails, nothing is lost: SQLite does it in the end.

        It waits for the disk, tens of milliseconds on a busy one, so a thread does it, where a turn has ended.
        """
        if self._writing_back is None or not self._writing_back.is_alive():
            self._writing_back = Thread(target=_write_back, args=(self.path,), daemon=True)
            self._writing_back.start()

    def shrink(self) -> None:
        """Give what was deleted back to the disk, and leave no copy of it in the WAL."""
        with self._told():  # `execute` takes one step of a statement without columns, and here a page is a step
            self._connection.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")

    def close(self) -> None:
        """Close the file. Does nothing the second time."""
        if self._writing_back is not None:
            self._writing_back.join()
        self._connection.close()

    def _execute(self, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except UnicodeEncodeError:  # half a character, as JSON can hold it: kept as its escape
            return self._connection.execute(sql, [_storable(value) for value in values])

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(_sentence(error, self.path)) from error


def _write_back(path: Path) -> None:
    uri = f"{path.absolute().as_uri()}?mode=rw"  # which does not make a file that is gone
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _make_private(path: Path) -> None:
    """Let only this user read the file and its folder, which are made here if need be."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(PermissionError):  # a folder of somebody else's; the file below is guarded all the same
        _withhold(path.parent, 0o700)
    file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    os.close(file)
    _withhold(path, 0o600)  # SQLite makes its other files with the permissions of this one


def _withhold(path: Path, mode: int) -> None:
    if path.stat().st_mode & 0o077:
        path.chmod(mode)


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only while the file is empty
    _use_wal(connection)
    connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode: safe from a killed process, and no fsync a write
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode. SQLite does not wait here when two processes do it at once, so we do."""
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                raise
            time.sleep(0.01)
        else:
            return


def _storable(value: object) -> object:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _sentence(error: sqlite3.Error, path: Path) -> str:
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary one of an extended code
    match code:
        case sqlite3.SQLITE_NOTADB:
            return f"{path} is not a store of sessions. Move it away; a new one is made."
        case sqlite3.SQLITE_CORRUPT:
            return f"{path} is damaged ({error}). Move it away; a new one is made. `sqlite3` may recover what it holds."
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{path} has been held by another process for {BUSY_SECONDS:g} seconds. Try again."
        case sqlite3.SQLITE_FULL:
            return f"{path} cannot grow: the disk is full."
        case _:
            return f"{path} cannot be used: {error}"
