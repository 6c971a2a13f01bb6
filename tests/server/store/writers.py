"""Processes that write to a store until they are killed, and say what the store has taken.

Started as a script with the store's path. Each line on stdin is a seed; for each, a child of this process (which has
imported nothing but the store, so that it takes milliseconds) prints its process id, and then one JSON line for each
method that has returned. A child that is done with its session begins another.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path

import punie_acp.server.store.database
import punie_acp.server.store.sqlite  # noqa: F401 - imported here, once, for all children
from punie_acp.server.store import open_store
from punie_acp.server.store.base import SessionRecord


def main() -> None:
    path = Path(sys.argv[1])
    for seed in sys.stdin:
        child = os.fork()
        if child == 0:
            write_for_ever(path, random.Random(int(seed)))
        os.waitpid(child, 0)
        report(what="gone", pid=child)


def write_for_ever(path: Path, chance: random.Random) -> None:
    signal.alarm(60)  # seconds, should the test end before it has killed us
    report(what="started", pid=os.getpid())
    store = open_store(path)
    while True:
        session = f"{os.getpid()}-{chance.randrange(10**9)}"
        store.create_session(SessionRecord(session, "/srv"))
        report(what="session", session=session)
        for turn in range(1, chance.randrange(2, 5)):
            write_turn(store, session, turn, chance)


def write_turn(store, session: str, turn: int, chance: random.Random) -> None:
    store.begin_turn(session, turn, [{"type": "text", "text": f"prompt {turn}"}])
    report(what="begun", session=session, turn=turn)
    texts = [f"{number} " * chance.choice((1, 10, 400)) for number in range(chance.randrange(1, 20))]
    for text in texts:
        store.append_update(session, turn, chunk(text))
        report(what="update", session=session, turn=turn, text=text[:40])
    history = json.dumps([turn] * chance.choice((1, 800))).encode()
    store.save_history(session, turn, history)
    report(what="history", session=session, turn=turn)
    store.end_turn(session, turn, "end_turn", None)
    report(what="ended", session=session, turn=turn)
    store.replace_updates(session, turn, [chunk("".join(texts))])


def chunk(text: str) -> dict:
    return {"sessionUpdate": "agent_message_chunk", "messageId": "m", "content": {"type": "text", "text": text}}


def report(**facts: object) -> None:
    """One line, in one write: it is there whole or not at all."""
    os.write(1, json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main()
