"""Several processes on one store: side by side, killed, and gone."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from punie_acp.server.store import open_store
from punie_acp.server.store.base import SessionRecord
from punie_acp.server.store.liveness import Owner

ROOT = Path(__file__).parents[3]
WRITERS = Path(__file__).with_name("writers.py")
KILLS = 200


@dataclass
class Claims:
    """What a writer says the store has taken, by session."""

    sessions: list[str] = field(default_factory=list)
    texts: dict[tuple[str, int], list[str]] = field(default_factory=lambda: defaultdict(list))
    begun: set[tuple[str, int]] = field(default_factory=set)
    ended: set[tuple[str, int]] = field(default_factory=set)
    histories: dict[str, int] = field(default_factory=dict)

    def take(self, line: dict) -> None:
        turn = (line.get("session"), line.get("turn"))
        match line["what"]:
            case "session":
                self.sessions.append(line["session"])
            case "begun":
                self.begun.add(turn)
            case "update":
                self.texts[turn].append(line["text"])
            case "history":
                self.histories[line["session"]] = line["turn"]
            case "ended":
                self.ended.add(turn)


class Writers:
    """The process of `writers.py`."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, WRITERS, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def start(self, seed: int) -> int:
        self.process.stdin.write(b"%d\n" % seed)
        self.process.stdin.flush()
        return self.line()["pid"]

    def line(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def kill(self, pid: int, after: int, seconds: float) -> list[dict]:
        """What the child `pid` reported until it was killed, some `seconds` after so many reports."""
        lines = [self.line() for _ in range(after)]
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        while not lines or lines[-1]["what"] != "gone":
            lines.append(self.line())
        return lines


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sessions.db"


@pytest.mark.slow
def test_a_process_killed_at_any_moment_loses_nothing_that_was_stored(path):
    writers, chance = Writers(path), random.Random(20261123)
    cut, states = 0, set()
    everything = []
    for number in range(KILLS):
        claims = Claims()
        pid = writers.start(number)
        lines = writers.kill(pid, chance.randrange(20), chance.choice((0, 0, chance.uniform(0, 0.003))))
        for line in lines:
            claims.take(line)
        states |= {line["what"] for line in lines[-2:-1]}
        store = open_store(path)
        cut += check(store, claims)
        everything += claims.sessions
        assert list(path.with_suffix(".owners").glob("*")) == []
        store.close()
    writers.process.communicate(timeout=10)

    store = open_store(path)
    listed, cursor = [], None
    while not listed or cursor:
        page = store.sessions(cursor=cursor)
        listed += [record.session_id for record in page.items]
        cursor = page.next_cursor
    assert set(listed) >= set(everything)
    assert len(listed) == len(set(listed))
    assert cut > KILLS / 10
    assert states >= {"update", "history", "ended"}


def check(store, claims: Claims) -> int:
    """Whether all of `claims` is kept. Gives how many turns were cut off."""
    cut = 0
    newest = [record.session_id for record in store.sessions(limit=len(claims.sessions) + 1).items]
    for session in claims.sessions:
        assert store.session(session) is not None
        assert session in newest
        kept = defaultdict(str)
        for stored in store.updates(session):
            kept[stored.turn] += stored.update["content"]["text"]
        states = {turn.number: turn.state for turn in store.turns(session)}
        assert "running" not in states.values()
        cut += list(states.values()).count("interrupted")
        for number in (number for owner, number in claims.begun if owner == session):
            position = 0
            for text in claims.texts[session, number]:
                position = kept[number].index(text, position) + len(text)
            if (session, number) in claims.ended:
                assert states[number] == "ended"
            else:
                assert states[number] in ("ended", "interrupted")
        if session in claims.histories:
            assert json.loads(store.history(session))[0] >= claims.histories[session]
    return cut


SIDE_BY_SIDE = """
import json, sys
from pathlib import Path
import punie_acp.server.store.sqlite
from punie_acp.server.store import open_store
from punie_acp.server.store.base import RuleRecord, SessionRecord

path, name = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
store = open_store(path)
store.create_session(SessionRecord(name, "/srv"))
for turn in range(1, 6):
    store.begin_turn(name, turn, [])
    for number in range(60):
        store.append_update(name, turn, {"n": number})
    store.save_history(name, turn, b"h" * 10_000)
    store.change_session(name, title=f"turn {turn}")
    store.add_rule("/srv", RuleRecord(f"{name}-{turn}", "allow", "shell/command", name))
    store.replace_updates(name, turn, [{"n": number} for number in range(60)])
    store.end_turn(name, turn, "end_turn", None)
"""


def test_agents_that_begin_at_the_same_moment_share_one_store(path):
    def start(name):
        return subprocess.Popen(
            [sys.executable, "-c", SIDE_BY_SIDE, path, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )

    agents = [start(name) for name in ("left", "right", "third")]
    for agent in agents:
        assert agent.stdout.readline() == b"ready\n"
    for agent in agents:
        agent.stdin.write(b"go\n")
        agent.stdin.flush()
    assert [agent.wait(60) for agent in agents] == [0, 0, 0]
    for agent in agents:
        agent.communicate()

    store = open_store(path)
    assert {record.title for record in store.sessions().items} == {"turn 5"}
    assert len(store.rules("/srv")) == 15
    for name in ("left", "right", "third"):
        assert [turn.state for turn in store.turns(name)] == ["ended"] * 5
        assert [stored.update["n"] for stored in store.updates(name)] == [*range(60)] * 5
    store.close()


RUN_A_TURN = """
import subprocess, sys
from pathlib import Path
from punie_acp.server.store import open_store
from punie_acp.server.store.base import SessionRecord

store = open_store(Path(sys.argv[1]))
store.create_session(SessionRecord("s1", "/srv"))
store.begin_turn("s1", 1, [])
command = subprocess.Popen(["sleep", "30"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(command.pid, flush=True)
sys.stdin.readline()
"""


def test_a_turn_runs_until_its_process_is_gone_even_if_a_command_of_it_is_not(path):
    agent = subprocess.Popen(
        [sys.executable, "-c", RUN_A_TURN, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    command = int(agent.stdout.readline())
    store = open_store(path)
    try:
        assert [turn.state for turn in store.turns("s1")] == ["running"]
        store.fork_session("s1", SessionRecord("s2", "/srv"))
        assert store.turns("s2") == ()
        agent.kill()
        agent.communicate()
        assert [turn.state for turn in store.turns("s1")] == ["interrupted"]
        store.fork_session("s1", SessionRecord("s3", "/srv"))
        assert [turn.state for turn in store.turns("s3")] == ["interrupted"]
    finally:
        os.kill(command, signal.SIGKILL)
        store.close()


def test_a_store_that_is_closed_takes_its_running_turns_with_it(path):
    store, other = open_store(path), open_store(path)
    store.create_session(SessionRecord("s1", "/srv"))
    store.begin_turn("s1", 1, [])
    assert [turn.state for turn in other.turns("s1")] == ["running"]
    store.close()
    assert [turn.state for turn in other.turns("s1")] == ["interrupted"]
    other.close()


def test_those_who_ask_do_not_mislead_each_other(tmp_path):
    """A lock of somebody who asks must not look like the lock of somebody who is there."""
    dead, asking = Owner(tmp_path), Owner(tmp_path)
    name = dead.name()
    with (tmp_path / name).open() as file:
        fcntl.flock(dead._held[1], fcntl.LOCK_UN)  # as when its process dies
        fcntl.flock(file, fcntl.LOCK_SH)
        assert not asking.is_alive(name)
        assert asking.gone() == [name]
    asking.forget(name)
    assert list(tmp_path.iterdir()) == []
    dead.release()


def test_nobody_takes_the_place_of_a_file_that_is_being_made(tmp_path):
    """Who clears up between the making of a file and its locking must not make a living process look dead."""
    stop, owners = threading.Event(), []

    def clear_up():
        sweeper = Owner(tmp_path)
        while not stop.is_set():
            for name in sweeper.gone():
                sweeper.forget(name)

    sweeping = [threading.Thread(target=clear_up) for _ in range(3)]
    for thread in sweeping:
        thread.start()
    for _ in range(300):
        owners.append(Owner(tmp_path))
        owners[-1].name()
    stop.set()
    for thread in sweeping:
        thread.join()
    asking = Owner(tmp_path)
    assert all(asking.is_alive(owner.name()) for owner in owners)
    for owner in owners:
        owner.release()
    assert list(tmp_path.iterdir()) == []
