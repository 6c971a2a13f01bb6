"""A turn that the end of a process has interrupted in the midst of a program: what is known of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from punie_acp.agent.history import paused_call, read_history
from punie_acp.codemode.answers import raising
from punie_acp.codemode.events import CallType
from punie_acp.codemode.surviving.evidence import has_happened
from punie_acp.codemode.surviving.kept import PausedProgram, Unreadable
from punie_acp.codemode.surviving.values import packed
from punie_acp.server.keeping import PROGRAM
from punie_acp.server.replay import FINAL, merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_ai.messages import ModelMessage

    from punie_acp.codemode.events import JsonValue
    from punie_acp.codemode.surviving.kept import CallState, KeptCall
    from punie_acp.protocol.messages import Params
    from punie_acp.server.session import Session
    from punie_acp.server.store.base import SnapshotRecord
    from punie_acp.workspace.base import Workspace

_MESSAGE = re.compile(r"t\d+/m(\d+)")


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A turn that can go on."""

    turn: int
    paused: PausedProgram
    history: list[ModelMessage]  # its last message has the program
    texts: int  # how many messages the model had begun in it
    shown: Mapping[str, str]  # the status of each tool call that a client knows, by id

    @property
    def line(self) -> str:
        """Where it goes on, for people."""
        line = self.paused.call.line
        return "where it was" if line is None else f"at line {line}"


def find_interrupted(session: Session) -> Interrupted:
    """The turn that was interrupted. Raises `Unreadable` where it cannot go on."""
    store = session.services.store
    rows = store.snapshots(session.session_id)
    numbers = {row.turn for row in rows}
    cut = [turn.number for turn in store.turns(session.session_id) if turn.state == "interrupted"]
    if len(numbers) != 1 or not numbers <= set(cut):
        raise Unreadable("nothing was kept of its program")
    [number] = numbers
    stored = store.history(session.session_id)
    try:
        history = read_history(stored) if stored else []
    except ValueError as error:
        raise Unreadable("what the model knew of this session is unreadable") from error
    if paused_call(history) is None:
        raise Unreadable("its program was one of several that were begun at once")
    updates = merged(dict(one.update) for one in store.updates(session.session_id) if one.turn == number)
    messages = [_MESSAGE.fullmatch(str(update.get("messageId"))) for update in updates]
    calls = {str(update["toolCallId"]): update for update in updates if "toolCallId" in update}
    paused = _paused(rows)
    if str(calls.get(paused.program.program_id, {}).get("status")) in FINAL:
        raise Unreadable("its program had ended")
    return Interrupted(
        turn=number,
        paused=paused.with_calls([_refused(call) for call in paused.pending if _was_refused(call, calls)]),
        history=history,
        texts=max((int(found[1]) for found in messages if found), default=0),
        shown={call_id: str(update.get("status")) for call_id, update in calls.items()},
    )


def _was_refused(call: KeptCall, shown: Mapping[str, Params]) -> bool:
    """Whether a call was shown to have failed, and had not begun. A read is made again whatever it gave."""
    update = shown.get(call.call_id, {})
    return (
        call.state == "requested" and update.get("status") == "failed" and update.get("kind") not in ("read", "search")
    )


def _refused(call: KeptCall) -> KeptCall:
    result = packed(dict(raising(PermissionError("this call was refused"))))
    return replace(call, state="finished", settled=result, error="this call was refused")


def _paused(rows: tuple[SnapshotRecord, ...]) -> PausedProgram:
    program = next((row.facts[PROGRAM] for row in rows if PROGRAM in row.facts), None)
    calls: list[tuple[Mapping[str, JsonValue], CallState, bytes | None]] = [
        (row.facts, row.state, row.dump) for row in rows if PROGRAM not in row.facts
    ]
    if not isinstance(program, dict):
        raise Unreadable("nothing was kept of its program")
    return PausedProgram.of(program, calls)


async def looked_at(paused: PausedProgram, workspace: Workspace) -> PausedProgram:
    """`paused`, with what is seen in the workspace of writes that may have happened."""
    known: list[KeptCall] = []
    for call in paused.pending:
        if call.in_doubt and call.type is CallType.WRITE:
            happened = await has_happened(call, workspace)
            if happened is not None:
                known.append(call.as_happened() if happened else replace(call, state="requested"))
    return paused.with_calls(known)
