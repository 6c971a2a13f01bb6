"""Which sessions there are: as a table, as JSON, and found by the beginning of an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.server.store.base import UnknownSessionError
from punie_acp.sessions.conversation import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from punie_acp.server.store.base import SessionRecord, Store, TurnState

SHORTEST_ID = 8  # characters of an id in the table, more where it takes more to tell two apart


@dataclass(frozen=True, slots=True)
class Row:
    """One session of the list."""

    record: SessionRecord
    turns: int
    state: TurnState | None  # of the last turn

    def as_values(self) -> dict[str, object]:
        """The row for JSON, with the names that ACP's `session/list` uses where it has one."""
        record = self.record
        return {
            "sessionId": record.session_id,
            "title": record.title,
            "cwd": record.cwd,
            "additionalDirectories": list(record.additional_directories),
            "mode": record.mode,
            "model": record.model,
            "createdAt": record.created,
            "updatedAt": record.updated,
            "parent": record.parent,
            "turns": self.turns,
            "state": self.state,
        }


def all_sessions(store: Store, cwd: str | None = None) -> Iterator[SessionRecord]:
    """Every session, the one used last first."""
    page = store.sessions(cwd=cwd)
    yield from page.items
    while page.next_cursor is not None:
        page = store.sessions(cwd=cwd, cursor=page.next_cursor)
        yield from page.items


def row_of(store: Store, record: SessionRecord) -> Row:
    """What the list says of a session."""
    turns = store.turns(record.session_id)
    return Row(record, len(turns), turns[-1].state if turns else None)


def find(store: Store, beginning: str) -> SessionRecord:
    """The session whose id is `beginning`, or the only one whose id begins so. Raises `UnknownSessionError`."""
    exact = store.session(beginning)
    if exact is not None:
        return exact
    found = [record for record in all_sessions(store) if record.session_id.startswith(beginning)] if beginning else []
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(record.session_id for record in found[:5])
        raise UnknownSessionError(f"{len(found)} sessions begin with {beginning!r}: {ids}. Give more of the id.")
    raise UnknownSessionError(f"there is no session {beginning!r}. `punie-acp sessions` lists those there are.")


def as_table(rows: Sequence[Row]) -> Table:
    """The rows for people."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("id", "title", "folder", "turns", "used", "state"):
        table.add_column(title, justify="right" if title == "turns" else "left", no_wrap=title != "title")
    length = id_length([row.record.session_id for row in rows])
    for row in rows:
        record = row.record
        table.add_row(
            Text(record.session_id[:length]),
            Text(title_of(record)),
            Text(short_folder(record.cwd)),
            str(row.turns),
            local_time(record.updated),
            row.state if row.state in ("running", "interrupted") else "",
        )
    return table


def title_of(record: SessionRecord) -> str:
    """What a session is called."""
    return one_line(record.title or "") or "untitled"


def id_length(ids: Sequence[str]) -> int:
    """How much of each id tells them all apart."""
    longest = max((len(session_id) for session_id in ids), default=SHORTEST_ID)
    lengths = range(SHORTEST_ID, longest)
    return next((length for length in lengths if len({each[:length] for each in ids}) == len(ids)), longest)


def short_folder(folder: str) -> str:
    """A folder with `~` for the user's own."""
    home = str(Path.home())
    return one_line("~" + folder.removeprefix(home) if folder == home or folder.startswith(home + "/") else folder)


def local_time(stamp: str) -> str:
    """A moment of the store as people here write it, to the minute."""
    return datetime.fromisoformat(stamp).astimezone().strftime("%Y-%m-%d %H:%M")
