"""What happens in a turn, as ACP session updates. One call's way over the wire can be read here from top to bottom.

The life cycle is ARCHITECTURE's request → started → progress → result: `tool_call` (pending), `tool_call_update`
(in_progress), updates with content, `tool_call_update` (completed or failed). Output is shown while it grows: to a
client that knows Zed's `_meta` terminals as it comes, to any other in snapshots at most ten times a second (`live.py`).
What is held back meanwhile follows when its time has come, if nothing newer has.
"""

from __future__ import annotations

from functools import singledispatchmethod
from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from punie_acp.agent.events import ProgramDropped, ProgramWritten, TextDelta, ThoughtDelta
from punie_acp.codemode.events import (
    CallFinished,
    CallProgress,
    CallRequested,
    CallStarted,
    CallType,
    Printed,
    ProgramChecked,
    ProgramFinished,
)
from punie_acp.codemode.preview import preview
from punie_acp.server.updates import wire
from punie_acp.server.updates.calls import OpenCall, call_start, first_content, last_content, raw_output
from punie_acp.server.updates.live import BASE, SECONDS_BETWEEN, LiveOutput
from punie_acp.server.updates.programs import (
    OpenProgram,
    outcome_content,
    preview_content,
    preview_locations,
    program_start,
    raw_outcome,
    raw_preview,
    title_of,
)
from punie_acp.server.updates.terminals import exit_meta, output_meta, streams_terminals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from punie_acp.agent.events import AgentEvent
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.server.updates.wire import Update


class Updates:
    """Sends the events of one session to its client. `send` waits while the client does not read."""

    def __init__(
        self,
        send: Callable[[Update], Awaitable[None]],
        capabilities: Mapping[str, JsonValue] | None = None,
        *,
        seconds_between: float = SECONDS_BETWEEN,
        root: Path | None = None,
        known: Mapping[str, str] | None = None,
    ) -> None:
        """`send` is given the `update` of a `session/update`; `capabilities` are `clientCapabilities` as they came.

        What grows is shown again after `seconds_between` at the earliest. `root` is the session's folder. `known`, in a
        turn that goes on, has the status of each tool call that the client was told of before; of one that had ended
        nothing more is told, for it is only made again.
        """
        self._known = known or {}
        self._send = send
        self._root = root
        self._seconds_between = seconds_between
        self._streams = streams_terminals(capabilities or {})
        self._calls: dict[str, OpenCall] = {}
        self._programs: dict[str, OpenProgram] = {}
        self._held_back: set[str] = set()  # ids of calls and programs whose last progress was not sent
        self._holding = anyio.Event()

    async def keep_up(self) -> None:
        """Send what was held back, in time. Runs beside `emit` until it is cancelled."""
        while True:
            await self._holding.wait()
            await anyio.sleep(self._seconds_between)
            self._holding = anyio.Event()
            while self._held_back:
                await self._send_progress(self._held_back.pop())

    async def emit(self, event: AgentEvent) -> None:
        """Send what the client needs to know of `event`."""
        if self._known.get(getattr(event, "call_id", "")) in ("completed", "failed"):
            return
        await self._emit(event)

    async def fail_open(self, reason: str) -> None:
        """Give every tool call that is still open its final status, for a turn that ends early."""
        for call_id, call in self._calls.items():
            await self._send(wire.failed(call_id, reason, exit_meta(call_id, None) if call.streams else None))
        for program_id in self._programs:
            await self._send(wire.failed(program_id, reason))
        self._calls.clear()
        self._programs.clear()

    @singledispatchmethod
    async def _emit(self, event: AgentEvent) -> None:
        raise TypeError(f"no update for {type(event).__name__}")

    # What the model writes.

    @_emit.register
    async def _(self, event: TextDelta) -> None:
        await self._send(wire.message_chunk("agent_message_chunk", event.text, event.message_id))

    @_emit.register
    async def _(self, event: ThoughtDelta) -> None:
        await self._send(wire.message_chunk("agent_thought_chunk", event.text, event.message_id))

    @_emit.register
    async def _(self, event: ProgramWritten) -> None:
        program = self._programs.get(event.program_id)
        if program is None:
            await checkpoint_if_cancelled()  # what is not announced must not end
            self._open_program(event.program_id, event.code)
            if event.program_id not in self._known:
                await self._send(program_start(event.program_id, event.code))
        elif event.code != program.code and program.may_show(event.code, complete=event.complete):
            program.code = event.code
            await self._send(wire.call_update(event.program_id, content=wire.code(event.code)))

    @_emit.register
    async def _(self, event: ProgramDropped) -> None:
        self._programs.pop(event.program_id, None)
        await self._send(wire.failed(event.program_id, event.reason))

    # What a program does.

    @_emit.register
    async def _(self, event: ProgramChecked) -> None:
        program = self._open_program(event.program_id)
        program.code = event.code
        notes = [wire.text("Changed to run here: " + "; ".join(event.repairs))] if event.repairs else []
        seen = preview(event.code)
        await self._send(
            wire.call_update(
                event.program_id,
                status="in_progress",
                title=title_of(event.code),
                raw_input={"code": event.code, **raw_preview(seen)},
                content=[*wire.code(event.code), *notes, *preview_content(seen)],
                locations=preview_locations(seen, self._root),
            )
        )

    @_emit.register
    async def _(self, event: Printed) -> None:
        program = self._open_program(event.program_id)
        program.output.add(event.text)
        await self._progress(event.program_id, program.output)

    @_emit.register
    async def _(self, event: ProgramFinished) -> None:
        program = self._open_program(event.program_id)
        del self._programs[event.program_id]
        await self._send(
            wire.call_update(
                event.program_id,
                status="failed" if event.outcome.error else "completed",
                content=[*wire.code(program.code), *outcome_content(event.outcome)],
                raw_output=raw_outcome(event.outcome),
            )
        )

    # What an external call does.

    @_emit.register
    async def _(self, event: CallRequested) -> None:
        await checkpoint_if_cancelled()  # as above
        streams = self._streams and event.type is CallType.SHELL
        self._calls[event.call_id] = OpenCall(first_content(event, streams=streams), streams=streams)
        start = call_start(event, streams=streams)
        await self._send(start | {"sessionUpdate": "tool_call_update"} if event.call_id in self._known else start)

    @_emit.register
    async def _(self, event: CallStarted) -> None:
        call = self._calls.get(event.call_id)
        # A question about it may have shown its command where the terminal is to be.
        content = call.content if call is not None and call.streams else None
        await self._send(wire.call_update(event.call_id, status="in_progress", content=content))

    @_emit.register
    async def _(self, event: CallProgress) -> None:
        call = self._calls.setdefault(event.call_id, OpenCall())
        if event.output:
            call.live = call.live or LiveOutput(BASE, self._seconds_between)
            call.live.add(event.output)
        if event.terminal_id is not None:
            call.in_terminal = True
            call.content.append(wire.terminal(event.terminal_id))
            await self._send(wire.call_update(event.call_id, content=call.content))
        elif call.streams and event.output:
            await self._send(wire.call_update(event.call_id, meta=output_meta(event.call_id, event.output)))
        elif call.live is not None and not call.in_terminal:
            await self._progress(event.call_id, call.live)

    @_emit.register
    async def _(self, event: CallFinished) -> None:
        call = self._calls.pop(event.call_id, None) or OpenCall()
        await self._send(
            wire.call_update(
                event.call_id,
                status="completed" if event.status == "completed" else "failed",
                content=last_content(call, event),
                raw_output=raw_output(call, event),
                meta=exit_meta(event.call_id, event.raw_output) if call.streams else None,
            )
        )

    # Progress.

    def _open_program(self, program_id: str, code: str = "") -> OpenProgram:
        if program_id not in self._programs:
            self._programs[program_id] = OpenProgram(code, seconds_between=self._seconds_between)
        return self._programs[program_id]

    async def _progress(self, item_id: str, live: LiveOutput) -> None:
        """Send the output of a call or program so far, or hold it back for a moment."""
        if live.snapshots.is_due():
            await self._send_progress(item_id)
        else:
            self._held_back.add(item_id)
            self._holding.set()

    async def _send_progress(self, item_id: str) -> None:
        """Send the output so far of what is still open under this id."""
        self._held_back.discard(item_id)
        content = None
        if (call := self._calls.get(item_id)) is not None:
            content = call.live.snapshot(call.content) if call.live is not None else None
        elif (program := self._programs.get(item_id)) is not None:
            content = program.output.snapshot(wire.code(program.code), len(program.code))
        if content is not None:
            await self._send(wire.call_update(item_id, content=content))
