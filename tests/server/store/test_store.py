"""What the session store keeps, and how it is listed. Every test is over a real file."""

from __future__ import annotations

import os
import stat
import time

import pytest

from punie_acp.server.store import open_store
from punie_acp.server.store.base import (
    CursorError,
    RuleRecord,
    SessionRecord,
    SnapshotRecord,
    StoreError,
    UnknownSessionError,
)

PROMPT = [{"type": "text", "text": "What is here?"}]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "sessions.db"


@pytest.fixture
def store(path):
    store = open_store(path)
    yield store
    store.close()


def chunk(text):
    return {"sessionUpdate": "agent_message_chunk", "messageId": "m", "content": {"type": "text", "text": text}}


def said(store, session_id):
    return [(stored.turn, stored.update["content"]["text"]) for stored in store.updates(session_id)]


def test_what_is_kept_of_a_session_is_there_for_the_next_process(store, path):
    record = SessionRecord("s1", "/srv", ("/lib", "/etc"), "A title", "auto", "qwen", {"effort": "high", "fast": True})
    store.create_session(record)
    store.begin_turn("s1", 1, PROMPT)
    store.append_update("s1", 1, chunk("naïve – 漢字 \0 end"))
    store.save_history("s1", 1, b'[{"kind":"request"}]')
    store.save_history("s1", 1, b'[{"kind":"request"},{"kind":"response"}]')
    store.end_turn("s1", 1, "end_turn", {"outputTokens": 7})

    other = open_store(path)
    assert other.session("s1") == store.session("s1")
    assert (other.session("s1").title, other.session("s1").options) == ("A title", {"effort": "high", "fast": True})
    (turn,) = other.turns("s1")
    assert (turn.number, turn.state, turn.prompt, turn.stop_reason) == (1, "ended", PROMPT, "end_turn")
    assert turn.usage == {"outputTokens": 7}
    assert turn.began <= turn.ended
    assert [stored.update for stored in other.updates("s1")] == [chunk("naïve – 漢字 \0 end")]
    assert other.history("s1") == b'[{"kind":"request"},{"kind":"response"}]'
    other.close()


def test_half_a_character_loses_nothing_and_breaks_nothing(store):
    store.create_session(SessionRecord("s1", "/srv"))
    store.append_update("s1", 0, chunk("half \ud83d of one"))
    assert said(store, "s1") == [(0, "half \ud83d of one")]
    assert store.session("\ud83d") is None
    assert store.change_session("s1", title="half \ud83d").title == "half \ud83d"
    assert store.session("s1").title == "half \\ud83d"


def test_changing_a_session_leaves_what_is_not_named(store):
    store.create_session(SessionRecord("s1", "/srv", title="Old", mode="auto"))
    changed = store.change_session("s1", title=None, options={"effort": "low"})
    assert changed == store.session("s1")
    assert (changed.title, changed.mode, changed.options) == (None, "auto", {"effort": "low"})
    with pytest.raises(UnknownSessionError, match="there is no session 's2'"):
        store.change_session("s2", title="New")


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.begin_turn("gone", 1, PROMPT),
        lambda store: store.append_update("gone", 1, chunk("x")),
        lambda store: store.replace_updates("gone", 1, [chunk("x")]),
        lambda store: store.save_history("gone", 1, b"[]"),
        lambda store: store.fork_session("gone", SessionRecord("s2", "/srv")),
        lambda store: store.save_snapshot(SnapshotRecord("gone", 1, "t1/p1", "t1/p1/c1", "requested", {}, b"")),
    ],
)
def test_nothing_is_kept_for_a_session_that_is_not_there(store, write):
    with pytest.raises(UnknownSessionError, match="'gone'"):
        write(store)
    assert store.sessions().items == ()


def test_an_id_or_a_turn_is_not_taken_twice(store):
    store.create_session(SessionRecord("s1", "/srv", title="First"))
    with pytest.raises(StoreError, match="already"):
        store.create_session(SessionRecord("s1", "/other"))
    store.begin_turn("s1", 1, PROMPT)
    with pytest.raises(StoreError, match="has a turn 1 already"):
        store.begin_turn("s1", 1, [])
    assert store.session("s1").title == "First"
    assert store.turns("s1")[0].prompt == PROMPT


def test_pages_show_every_session_once_while_others_come_and_go(store):
    for number in range(10):
        store.create_session(SessionRecord(f"s{number}", "/srv"))  # several of them in one millisecond
    first = store.sessions(limit=4)
    store.create_session(SessionRecord("new", "/srv"))
    time.sleep(0.002)
    store.change_session("s8", title="Shown already")
    store.delete_session("s4")
    second = store.sessions(limit=4, cursor=first.next_cursor)
    third = store.sessions(limit=4, cursor=second.next_cursor)
    assert [record.session_id for record in first.items] == ["s9", "s8", "s7", "s6"]
    assert [record.session_id for record in second.items] == ["s5", "s3", "s2", "s1"]
    assert [record.session_id for record in third.items] == ["s0"]
    assert third.next_cursor is None
    assert [record.session_id for record in store.sessions(limit=3).items] == ["s8", "new", "s9"]


def test_a_page_that_is_just_full_is_the_last_one(store):
    for number in range(3):
        store.create_session(SessionRecord(f"s{number}", "/srv"))
    assert store.sessions(limit=3).next_cursor is None
    assert store.sessions(limit=2).next_cursor is not None


def test_sessions_of_one_folder(store):
    for number in range(6):
        store.create_session(SessionRecord(f"s{number}", "/srv" if number % 2 else "/srv/inner"))
    first = store.sessions(cwd="/srv", limit=2)
    rest = store.sessions(cwd="/srv", limit=2, cursor=first.next_cursor)
    assert [record.session_id for record in (*first.items, *rest.items)] == ["s5", "s3", "s1"]
    assert store.sessions(cwd="/nowhere").items == ()


@pytest.mark.parametrize("cursor", ["", "x", "…", "\ud800", "W10", "WzEsMl0", "W" * 100_000, "bnVsbA=="])
def test_a_cursor_that_was_made_up_is_refused(store, cursor):
    with pytest.raises(CursorError, match="cursor: "):
        store.sessions(cursor=cursor)


def test_the_updates_of_a_turn_can_be_merged_without_moving_it(store):
    store.create_session(SessionRecord("s1", "/srv"))
    for turn, text in [(1, "a"), (1, "b"), (2, "c"), (1, "d")]:
        store.append_update("s1", turn, chunk(text))
    updates = store.updates("s1")
    assert next(updates).update == chunk("a")
    store.replace_updates("s1", 1, [chunk("abd")])
    assert [stored.update for stored in updates] == [chunk("b"), chunk("d"), chunk("c")]
    assert said(store, "s1") == [(1, "abd"), (2, "c")]


def test_a_fork_has_what_was_said_and_goes_its_own_way(store):
    store.create_session(SessionRecord("s1", "/srv"))
    for turn in (1, 2):
        store.begin_turn("s1", turn, PROMPT)
        store.append_update("s1", turn, chunk(f"turn {turn}"))
    store.end_turn("s1", 1, "end_turn", None)
    store.save_history("s1", 1, b"[1]")
    store.fork_session("s1", SessionRecord("s2", "/srv"))
    store.append_update("s2", 2, chunk("another"))
    store.save_history("s2", 2, b"[1, 2]")

    assert store.session("s2").parent == "s1"
    assert [turn.number for turn in store.turns("s2")] == [1]
    assert said(store, "s2") == [(1, "turn 1"), (2, "another")]
    assert said(store, "s1") == [(1, "turn 1"), (2, "turn 2")]
    assert store.delete_session("s1")
    assert (said(store, "s2")[0], store.history("s2")) == ((1, "turn 1"), b"[1, 2]")


def test_what_is_deleted_leaves_no_text_on_the_disk(store, path):
    store.create_session(SessionRecord("s1", "/srv", title="SECRET title"))
    store.create_session(SessionRecord("s2", "/srv"))
    store.begin_turn("s1", 1, [{"type": "text", "text": "SECRET prompt"}])
    for _ in range(300):
        store.append_update("s1", 1, chunk("SECRET answer " * 20))
    store.replace_updates("s1", 1, [chunk("SECRET merged")])
    store.save_history("s1", 1, b"SECRET history")
    store.save_snapshot(SnapshotRecord("s1", 1, "p", "c", "requested", {"path": "SECRET fact"}, b"SECRET dump"))
    assert any(b"SECRET" in file.read_bytes() for file in path.parent.iterdir() if file.is_file())

    assert store.delete_session("s1")
    assert not store.delete_session("s1")
    assert (store.session("s1"), store.turns("s1"), store.history("s1")) == (None, (), None)
    assert not any(b"SECRET" in file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    assert path.stat().st_size < 100_000
    assert store.session("s2") is not None


def test_rules_are_kept_by_project_and_revoked_for_good(store):
    allow = RuleRecord("r1", "allow", "shell/command", "pytest")
    same_from_another_agent = RuleRecord("r2", "allow", "shell/command", "pytest")
    reject = RuleRecord("r3", "reject", "shell/command", "pytest")
    for rule in (allow, same_from_another_agent, reject):
        store.add_rule("/srv", rule)
    store.add_rule("/other", RuleRecord("r4", "allow", "shell/command", "pytest"))
    assert store.rules("/srv") == (allow, same_from_another_agent, reject)
    assert store.remove_rule("r1")
    assert store.rules("/srv") == (reject,)
    assert [rule.rule_id for rule in store.rules("/other")] == ["r4"]
    assert not store.remove_rule("r1")


def test_a_program_goes_on_from_the_call_saved_last(store):
    store.create_session(SessionRecord("s1", "/srv"))
    first = SnapshotRecord("s1", 1, "t1/p1", "t1/p1/c1", "requested", {"function": "read_file"}, b"\0dump 1")
    second = SnapshotRecord("s1", 1, "t1/p1", "t1/p1/c2", "requested", {"function": "run_command"}, b"\0dump 2")
    beside = SnapshotRecord("s1", 1, "t1/p1", "t1/p1/c3", "requested", {"function": "read_file"}, None)
    for snapshot in (first, second, beside):
        store.save_snapshot(snapshot)
    ran = SnapshotRecord("s1", 1, "t1/p1", "t1/p1/c2", "finished", {"function": "run_command", "result": 0}, None)
    store.save_snapshot(ran)
    kept = store.snapshots("s1")
    assert [(snapshot.call[-2:], snapshot.state) for snapshot in kept] == [
        ("c1", "requested"),
        ("c2", "finished"),
        ("c3", "requested"),
    ]
    assert store.snapshot("s1") == kept[1]
    assert (kept[1].dump, kept[1].facts["result"]) == (b"\0dump 2", 0)
    store.drop_snapshots("s1", "t1/p2")
    assert len(store.snapshots("s1")) == 3
    store.drop_snapshots("s1")
    assert (store.snapshots("s1"), store.snapshot("s1")) == ((), None)


def test_only_the_user_can_read_what_is_kept(store, path):
    path.parent.chmod(0o755)  # as a folder that was there before
    path.chmod(0o644)
    store.create_session(SessionRecord("s1", "/srv"))
    store.begin_turn("s1", 1, PROMPT)
    other = open_store(path)
    files = [path.parent, *path.parent.rglob("*")]
    assert {file.name for file in files} >= {"sessions.db", "sessions.db-wal", "sessions.db-shm", "sessions.owners"}
    assert {
        file.name: oct(stat.S_IMODE(file.stat().st_mode) & 0o077) for file in files if file.stat().st_mode & 0o077
    } == {}
    other.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match=r"data/sessions.db cannot be opened: Permission denied"):
        open_store(tmp_path / "data" / "sessions.db")


def test_a_folder_in_the_place_of_the_file_is_named(path):
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be opened: Is a directory"):
        open_store(path)
