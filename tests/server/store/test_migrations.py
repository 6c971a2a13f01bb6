"""Files of older and newer versions, of other programs, and damaged ones."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

import pytest

from punie_acp.server.store import open_store
from punie_acp.server.store.base import SnapshotRecord, StoreError
from punie_acp.server.store.migrations import VERSION, migrate, read_version

VERSION_1 = (Path(__file__).parents[2] / "data" / "store-v1.sql").read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sessions.db"


def backups(path):
    return sorted(path.parent.glob("sessions.v*.db"))


def contents(path):
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}


def test_an_older_file_is_brought_up_to_date_and_a_copy_is_kept(path):
    with closing(sqlite3.connect(path)) as still_open:
        still_open.execute("PRAGMA journal_mode = WAL")
        still_open.executescript(VERSION_1)
        assert not path.read_bytes().count(b"parser")  # what is to be copied is only in the WAL
        before = contents(path)
        store = open_store(path)

    (backup,) = backups(path)
    assert contents(backup) == before
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [turn.state for turn in store.turns("5f2c7d9e")] == ["ended", "interrupted"]
    assert store.session("5f2c7d9e").options == {"effort": "high"}
    assert store.session("a01b33c4").additional_directories == ("/home/ada/shared",)
    assert [update.update["sessionUpdate"] for update in store.updates("5f2c7d9e")] == [
        "tool_call",
        "tool_call_update",
        "agent_message_chunk",
        "agent_thought_chunk",
    ]
    assert store.history("5f2c7d9e") == b'[{"parts":[],"kind":"request"}]'
    assert [rule.pattern for rule in store.rules("/home/ada/engine")] == ["pytest"]
    store.save_snapshot(SnapshotRecord("5f2c7d9e", 3, "t3/p1", "t3/p1/c1", "requested", {}, b"dump"))
    store.close()

    open_store(path).close()
    assert backups(path) == [backup]


def test_a_new_file_needs_no_copy(path):
    open_store(path).close()
    assert [file.name for file in path.parent.iterdir() if file.is_file()] == ["sessions.db"]


@pytest.mark.parametrize("mode", ["wal", "delete"])
@pytest.mark.parametrize("moment", ["user_version", "application_id", "sqlite_master"])
def test_a_file_that_another_process_makes_meanwhile_is_no_stranger(path, mode, moment):
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute(f"PRAGMA journal_mode = {mode}")

        def make_tables(statement: str) -> None:
            if moment in statement:
                with suppress(sqlite3.OperationalError):  # held up by the one that reads
                    migrate(other, path)

        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.set_trace_callback(make_tables)
            assert read_version(connection, path) in (0, VERSION)


def test_a_migration_that_fails_changes_nothing(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1)
        connection.execute("CREATE TABLE snapshots (a)")  # in the way of version 2
    before = contents(path)
    with pytest.raises(StoreError, match=r"sessions.db cannot be used: table snapshots already exists"):
        open_store(path)
    assert contents(path) == before
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_newer_file_is_refused_and_left_alone(path):
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreError) as refused:
        open_store(path)
    assert str(refused.value) == (
        f"{path} was written by a newer punie-acp: its store is version {VERSION + 1}, this one knows up to {VERSION}. "
        "Upgrade punie-acp, or set PUNIE_DATA_DIR to another folder."
    )
    assert path.read_bytes() == before


def test_a_file_of_another_program_is_refused_and_left_alone(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sessions (id)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="belongs to another program"):
        open_store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"Dear diary, " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_not_a_database_is_refused_and_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"sessions.db is not a store of sessions. Move it away"):
        open_store(path)
    assert path.read_bytes() == content


def test_a_damaged_file_is_told_in_a_sentence(path):
    store = open_store(path)
    for number in range(200):
        store.add_rule("/srv", _rule(number))
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xaa" * (len(content) - 4096))
    with pytest.raises(StoreError, match=r"sessions.db is damaged \(.*\). Move it away"):
        open_store(path).rules("/srv")


def _rule(number):
    from punie_acp.server.store.base import RuleRecord

    return RuleRecord(f"r{number}", "allow", "shell/command", f"command {number} " * 20)
