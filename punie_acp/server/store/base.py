"""What is kept of sessions, and what can be asked of a store. `sqlite.py` is the real one.

Every method is synchronous and well under a millisecond, so that it can be called in the event loop; one thread at a
time. What a writing method was given is safe from a SIGKILL of this process once it has returned. Any method raises
`StoreError` where the disk or the file fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypedDict, TypeVar

from punie_acp.protocol.errors import JsonValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Unpack

Item = TypeVar("Item")
TurnState = Literal["running", "ended", "interrupted"]
RuleEffect = Literal["allow", "reject"]
CallState = Literal["requested", "started", "finished"]


class StoreError(Exception):
    """The store cannot do it. One sentence for the user: what, where, what to do."""


class UnknownSessionError(StoreError):
    """There is no such session, or it was deleted meanwhile."""


class CursorError(StoreError):
    """A cursor that no page of this store has given out."""


def now() -> str:
    """This moment as ISO 8601 in UTC, with milliseconds: `2026-11-23T06:30:00.123Z`. Sorts as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One conversation."""

    session_id: str
    cwd: str  # absolute
    additional_directories: tuple[str, ...] = ()  # absolute
    title: str | None = None
    mode: str = "ask"
    model: str = "auto"
    options: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])  # other config options by id
    created: str = field(default_factory=now)
    updated: str = field(default_factory=now)  # when it was changed, or a turn of it began or ended
    parent: str | None = None  # the session that it was forked from


class SessionChanges(TypedDict, total=False):
    """What may change in a session. What is not named stays."""

    cwd: str
    additional_directories: tuple[str, ...]
    title: str | None
    mode: str
    model: str
    options: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One prompt turn."""

    session_id: str
    number: int  # from 1
    state: TurnState  # "interrupted": the process that ran it is gone, and never said how it ended
    prompt: Sequence[JsonValue]  # ACP content blocks
    stop_reason: str | None = None
    usage: Mapping[str, JsonValue] | None = None
    began: str = field(default_factory=now)
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """An ACP session update exactly as it was sent."""

    seq: int  # rises through its turn
    turn: int
    update: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class RuleRecord:
    """One "always" of the user, for one project."""

    rule_id: str
    effect: RuleEffect
    type: str  # a CallType's value
    pattern: str
    created: str = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A program as it stood when it paused at one external call, and what is known of that call."""

    session_id: str
    turn: int
    program: str  # its id
    call: str  # its id
    state: CallState
    facts: Mapping[str, JsonValue]  # what must be known to ask, run or answer the call again
    dump: bytes | None  # the paused sandbox; None: as at the call before it


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list."""

    items: tuple[Item, ...]
    next_cursor: str | None  # None: this is the last one


class Store(Protocol):
    """Sessions, and what was said and done in them."""

    # Sessions.

    def create_session(self, record: SessionRecord) -> None:
        """Keep a new session. Raises `StoreError` if its id is taken."""
        ...

    def session(self, session_id: str) -> SessionRecord | None:
        """The session, if there is one of that id."""
        ...

    def change_session(self, session_id: str, **changes: Unpack[SessionChanges]) -> SessionRecord:
        """Change what is named, and when it was updated. Raises `UnknownSessionError`."""
        ...

    def sessions(self, *, cwd: str | None = None, cursor: str | None = None, limit: int = 50) -> Page[SessionRecord]:
        """Sessions, the one updated last first; with `cwd`, those of that folder. Raises `CursorError`.

        Sessions that are created or updated while a client pages stand before its first page, so that no other session
        is shown twice or left out.
        """
        ...

    def delete_session(self, session_id: str) -> bool:
        """Remove a session and all that is kept of it. False if there was none."""
        ...

    def fork_session(self, session_id: str, new: SessionRecord) -> None:
        """Create `new` with the turns, updates and history of a session, without a turn that is still running.

        Raises `UnknownSessionError`.
        """
        ...

    # Turns.

    def begin_turn(self, session_id: str, number: int, prompt: Sequence[JsonValue]) -> None:
        """Note that this process runs a turn. Raises `UnknownSessionError`; `StoreError` if the number is taken."""
        ...

    def resume_turn(self, session_id: str, number: int) -> None:
        """Note that this process goes on with a turn that reads "interrupted". Raises `StoreError` for any other."""
        ...

    def end_turn(
        self, session_id: str, number: int, stop_reason: str | None, usage: Mapping[str, JsonValue] | None
    ) -> None:
        """Note how a turn ended; None: it failed. Does nothing where there is no such turn any more."""
        ...

    def turns(self, session_id: str) -> tuple[TurnRecord, ...]:
        """The turns in order. One that was running in a process which is gone reads "interrupted"."""
        ...

    # What the client was told, and what the model knows.

    def append_update(self, session_id: str, turn: int, update: Mapping[str, JsonValue]) -> int:
        """Keep an update, before it is sent. Gives its `seq`. Raises `UnknownSessionError`."""
        ...

    def replace_updates(self, session_id: str, turn: int, updates: Sequence[Mapping[str, JsonValue]]) -> None:
        """Keep these instead of what was kept for a finished turn: the same, merged. Raises `UnknownSessionError`."""
        ...

    def updates(self, session_id: str) -> Iterator[StoredUpdate]:
        """All updates in order, read from the file turn by turn."""
        ...

    def save_history(self, session_id: str, turn: int, messages: bytes) -> None:
        """Keep the conversation as the model knows it (pydantic-ai's messages as JSON), instead of the one before.

        Raises `UnknownSessionError`.
        """
        ...

    def history(self, session_id: str) -> bytes | None:
        """What `save_history` kept last."""
        ...

    # Permission rules, by project.

    def rules(self, project: str) -> tuple[RuleRecord, ...]:
        """The rules of a project, oldest first. Other agents add to them and revoke them at any time: ask each time."""
        ...

    def add_rule(self, project: str, rule: RuleRecord) -> None:
        """Keep a rule."""
        ...

    def remove_rule(self, rule_id: str) -> bool:
        """Remove a rule, and any other one of its project that says the same. False if there was none."""
        ...

    # Paused programs.

    def save_snapshot(self, snapshot: SnapshotRecord) -> None:
        """Keep a snapshot, or the new state of its call; then a `dump` of None leaves the one that is kept.

        Raises `UnknownSessionError`.
        """
        ...

    def snapshots(self, session_id: str) -> tuple[SnapshotRecord, ...]:
        """The calls of programs that were not dropped, in the order in which they were first saved."""
        ...

    def snapshot(self, session_id: str) -> SnapshotRecord | None:
        """The call saved last that has a dump: where a program can go on."""
        ...

    def drop_snapshots(self, session_id: str, program: str | None = None) -> None:
        """Forget the snapshots of a program that has ended, or of all programs."""
        ...

    def close(self) -> None:
        """Let go of the file. Turns that have not ended read "interrupted" from now on."""
        ...
