"""What it costs to keep an update before it is sent, beside a bare file and bare SQLite, all three in turn.

    python benchmarks/store.py [--updates 20000] [--folder DIR]

`bare file`: a JSON line written and flushed to the system. `bare SQLite`: an INSERT in WAL mode with `synchronous =
NORMAL`, one table without an index. `store`: `append_update`. Each takes the same update of 150 bytes, 1,000 a turn.
`end_turn` is the store's; it has a thread bring the file up to date (a checkpoint), and does not wait for the disk.
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.server.store import open_store
from punie_acp.server.store.base import SessionRecord

if TYPE_CHECKING:
    from collections.abc import Callable

A_TURN = 1000  # updates
UPDATE = {
    "sessionUpdate": "agent_message_chunk",
    "messageId": "t1/m1",
    "content": {"type": "text", "text": "hello world " * 5},
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=20_000, help="in all, of each kind")
    parser.add_argument("--folder", help="where to write; otherwise the system's temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        seconds, ends = measure(Path(folder), max(options.updates // A_TURN, 1))
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.platform()}")
    for name, costs in [*seconds.items(), ("end_turn", ends)]:
        print(row(name, costs))


def measure(folder: Path, turns: int) -> tuple[dict[str, list[float]], list[float]]:
    """Seconds of each append by what was appended to, and of each `end_turn`."""
    store = open_store(folder / "store" / "sessions.db")
    store.create_session(SessionRecord("s", "/work"))
    bare = bare_sqlite(folder / "bare.db")
    seconds: dict[str, list[float]] = {"bare file": [], "bare SQLite": [], "store": []}
    ends: list[float] = []
    with (folder / "bare.jsonl").open("w", encoding="utf-8") as file:
        for turn in range(1, turns + 1):
            store.begin_turn("s", turn, [])
            kinds: dict[str, Callable[[], object]] = {
                "bare file": lambda: (file.write(json.dumps(UPDATE) + "\n"), file.flush()),
                "bare SQLite": lambda: bare.execute("INSERT INTO events (body) VALUES (?)", (json.dumps(UPDATE),)),
                "store": lambda turn=turn: store.append_update("s", turn, UPDATE),
            }
            for name, append in kinds.items():
                seconds[name] += [timed(append) for _ in range(A_TURN)]
            ends.append(timed(lambda turn=turn: store.end_turn("s", turn, "end_turn", None)))
            bare.execute("PRAGMA wal_checkpoint(PASSIVE)")
    bare.close()
    store.close()
    return seconds, ends


def bare_sqlite(path: Path) -> sqlite3.Connection:
    """SQLite with the store's durability, and nothing else."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    return connection


def timed(action: Callable[[], object]) -> float:
    """Seconds that `action` takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def row(name: str, seconds: list[float]) -> str:
    """One line of the table, in milliseconds."""
    steps = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    return f"{name:<12} p50 {steps[49] * 1e3:7.4f} ms   p99 {steps[98] * 1e3:7.3f} ms   n {len(seconds)}"


if __name__ == "__main__":
    main()
