"""What happens in a turn, as ACP session updates. One call's way over the wire can be read here from top to bottom.

The life cycle is ARCHITECTURE's request → started → progress → result: `tool_call` (pending), `tool_call_update`
(in_progress), updates with content, `tool_call_update` (completed or failed). In ACP v1 `content` replaces what was
there, so progress is sent at most ten times a second and shows the tail of a long output. What is held back meanwhile
follows when its time has come, if nothing newer has.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any

import anyio
from acp import schema

from punie_acp.agent.events import ProgramDropped, ProgramWritten, TextDelta, ThoughtDelta
from punie_acp.codemode.events import (
    CallFinished,
    CallProgress,
    CallRequested,
    CallStarted,
    Printed,
    ProgramChecked,
    ProgramFinished,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from punie_acp.agent.events import AgentEvent
    from punie_acp.codemode.events import ProgramOutcome

META_KEY = "punie.dev/call"
"""Where our own facts of a call travel: its tool type, its parent program, its line there."""

SECONDS_BETWEEN = 0.1  # updates of one tool call
PROGRESS_CHARACTERS = 16_000  # of output shown while a command runs
RESULT_CHARACTERS = 64_000  # of output shown when it has ended

Update = (
    schema.AgentMessageChunk
    | schema.AgentThoughtChunk
    | schema.ToolCallStart
    | schema.ToolCallProgress
    | schema.UsageUpdate
    | schema.CurrentModeUpdate
)
ToolContent = schema.ContentToolCallContent | schema.FileEditToolCallContent | schema.TerminalToolCallContent


@dataclass(slots=True)
class _OpenCall:
    """A tool call that has no final status yet."""

    content: list[ToolContent] = field(default_factory=list[ToolContent])
    output: str = ""
    has_terminal: bool = False
    sent: float = 0.0  # monotonic time of the last progress


@dataclass(slots=True)
class _OpenProgram:
    """A program that has no final status yet."""

    code: str = ""
    output: str = ""
    sent: float = 0.0


class Updates:
    """Sends the events of one session to its client. `send` waits while the client does not read."""

    def __init__(self, send: Callable[[Update], Awaitable[None]]) -> None:
        self._send = send
        self._calls: dict[str, _OpenCall] = {}
        self._programs: dict[str, _OpenProgram] = {}
        self._held_back: set[str] = set()  # ids of calls and programs whose last progress was not sent
        self._holding = anyio.Event()

    async def keep_up(self) -> None:
        """Send what was held back, in time. Runs beside `emit` until it is cancelled."""
        while True:
            await self._holding.wait()
            await anyio.sleep(SECONDS_BETWEEN)
            self._holding = anyio.Event()
            while self._held_back:
                await self._send_progress(self._held_back.pop())

    async def emit(self, event: AgentEvent) -> None:
        """Send what the client needs to know of `event`."""
        await self._emit(event)

    async def fail_open(self, reason: str) -> None:
        """Give every tool call that is still open its final status, for a turn that ends early."""
        for call_id in [*self._calls, *self._programs]:
            await self._send(_update(call_id, status="failed", content=[_text(reason)]))
        self._calls.clear()
        self._programs.clear()

    @singledispatchmethod
    async def _emit(self, event: AgentEvent) -> None:
        raise TypeError(f"no update for {type(event).__name__}")

    # What the model writes.

    @_emit.register
    async def _(self, event: TextDelta) -> None:
        chunk = schema.AgentMessageChunk(
            session_update="agent_message_chunk", content=_text_block(event.text), message_id=event.message_id
        )
        await self._send(chunk)

    @_emit.register
    async def _(self, event: ThoughtDelta) -> None:
        chunk = schema.AgentThoughtChunk(
            session_update="agent_thought_chunk", content=_text_block(event.text), message_id=event.message_id
        )
        await self._send(chunk)

    @_emit.register
    async def _(self, event: ProgramWritten) -> None:
        program = self._programs.get(event.program_id)
        if program is None:
            self._programs[event.program_id] = _OpenProgram(event.code, sent=time.monotonic())
            await self._send(_program_start(event))
        elif event.code != program.code and (event.complete or _due(program)):
            program.code, program.sent = event.code, time.monotonic()
            await self._send(_update(event.program_id, content=_code(event.code)))

    @_emit.register
    async def _(self, event: ProgramDropped) -> None:
        self._programs.pop(event.program_id, None)
        await self._send(_update(event.program_id, status="failed", content=[_text(event.reason)]))

    # What a program does.

    @_emit.register
    async def _(self, event: ProgramChecked) -> None:
        program = self._programs.setdefault(event.program_id, _OpenProgram())
        program.code = event.code
        notes = [_text("Changed to run here: " + "; ".join(event.repairs))] if event.repairs else []
        await self._send(
            _update(
                event.program_id,
                status="in_progress",
                title=_program_title(event.code),
                raw_input={"code": event.code},
                content=[*_code(event.code), *notes],
            )
        )

    @_emit.register
    async def _(self, event: Printed) -> None:
        program = self._programs.setdefault(event.program_id, _OpenProgram())
        program.output += event.text
        await self._progress(event.program_id, program)

    @_emit.register
    async def _(self, event: ProgramFinished) -> None:
        program = self._programs.pop(event.program_id, _OpenProgram())
        outcome = event.outcome
        await self._send(
            _update(
                event.program_id,
                status="failed" if outcome.error else "completed",
                content=[*_code(program.code), *_outcome(outcome)],
                raw_output=_raw_outcome(outcome),
            )
        )

    # What an external call does.

    @_emit.register
    async def _(self, event: CallRequested) -> None:
        self._calls[event.call_id] = _OpenCall(content=_diffs(event))
        await self._send(_call_start(event))

    @_emit.register
    async def _(self, event: CallStarted) -> None:
        await self._send(_update(event.call_id, status="in_progress"))

    @_emit.register
    async def _(self, event: CallProgress) -> None:
        call = self._calls.setdefault(event.call_id, _OpenCall())
        call.output = (call.output + event.output)[-RESULT_CHARACTERS:]
        if event.terminal_id is not None:
            call.has_terminal = True
            call.content.append(schema.TerminalToolCallContent(type="terminal", terminal_id=event.terminal_id))
            await self._send(_update(event.call_id, content=call.content))
        elif event.output and not call.has_terminal:
            await self._progress(event.call_id, call)

    @_emit.register
    async def _(self, event: CallFinished) -> None:
        call = self._calls.pop(event.call_id, _OpenCall())
        content = [*call.content]
        if not call.has_terminal:
            content += _console(call.output, RESULT_CHARACTERS)
        if event.error:
            content.append(_text(event.error))
        await self._send(
            _update(
                event.call_id,
                status="completed" if event.status == "completed" else "failed",
                content=content if content != call.content else None,
                raw_output=event.raw_output if event.error is None else {"error": event.error},
            )
        )

    # Progress.

    async def _progress(self, item_id: str, item: _OpenCall | _OpenProgram) -> None:
        """Send the output of a call or program so far, or hold it back for a moment."""
        if _due(item):
            await self._send_progress(item_id)
        else:
            self._held_back.add(item_id)
            self._holding.set()

    async def _send_progress(self, item_id: str) -> None:
        """Send the output so far of what is still open under this id."""
        self._held_back.discard(item_id)
        item = self._calls.get(item_id) or self._programs.get(item_id)
        if item is None:
            return
        item.sent = time.monotonic()
        before = item.content if isinstance(item, _OpenCall) else _code(item.code)
        await self._send(_update(item_id, content=[*before, *_console(item.output, PROGRESS_CHARACTERS)]))


def call_question(event: CallRequested) -> schema.ToolCallUpdate:
    """The tool call of a permission request: all that was said of it before, so that no client need look it up."""
    return schema.ToolCallUpdate(**_call_facts(event))


def _call_start(event: CallRequested) -> schema.ToolCallStart:
    return schema.ToolCallStart(session_update="tool_call", **_call_facts(event))


def _call_facts(event: CallRequested) -> dict[str, Any]:
    """The fields that an external call's first update and the question about it share."""
    return {
        "tool_call_id": event.call_id,
        "kind": event.kind,
        "title": event.title,
        "status": "pending",
        "locations": [schema.ToolCallLocation(path=place.path, line=place.line) for place in event.locations] or None,
        "raw_input": dict(event.raw_input),
        "content": _diffs(event) or None,
        "field_meta": {META_KEY: _call_meta(event), "tool_name": event.function},
    }


def _call_meta(event: CallRequested) -> dict[str, Any]:
    return {
        "type": str(event.type),
        "parent": event.program_id,
        "function": event.function,
        "line": event.source_line,
    }


def _program_start(event: ProgramWritten) -> schema.ToolCallStart:
    return schema.ToolCallStart(
        session_update="tool_call",
        tool_call_id=event.program_id,
        kind="execute",
        title="Writing a program",
        status="pending",
        content=_code(event.code) or None,
        field_meta={"tool_name": "execute_code"},
    )


def _update(call_id: str, **changes: Any) -> schema.ToolCallProgress:  # noqa: ANN401 - the fields of ToolCallProgress
    given = {name: value for name, value in changes.items() if value is not None}
    return schema.ToolCallProgress(session_update="tool_call_update", tool_call_id=call_id, **given)


def _due(item: _OpenCall | _OpenProgram) -> bool:
    return time.monotonic() - item.sent >= SECONDS_BETWEEN


def _program_title(code: str) -> str:
    """The program's first comment, which says what it is for, or its size."""
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    if lines and lines[0].startswith("#") and len(lines[0]) > 2:
        return lines[0].lstrip("# ")[:80]
    return f"Run a program of {len(lines)} line{'' if len(lines) == 1 else 's'}"


def _text_block(text: str) -> schema.TextContentBlock:
    return schema.TextContentBlock(type="text", text=text)


def _text(text: str) -> ToolContent:
    return schema.ContentToolCallContent(type="content", content=_text_block(text))


def _code(code: str) -> list[ToolContent]:
    return [_text(f"{_fence(code)}python\n{code}\n{_fence(code)}")] if code.strip() else []


def _console(output: str, limit: int) -> list[ToolContent]:
    """Output as a code block; of a long one the end."""
    output = output.rstrip("\n")
    if not output.strip():
        return []
    shown = output if len(output) <= limit else f"… {len(output) - limit} characters before\n{output[-limit:]}"
    return [_text(f"{_fence(shown)}\n{shown}\n{_fence(shown)}")]


def _fence(text: str) -> str:
    """A run of backticks longer than any in `text`."""
    fence = "```"
    while fence in text:
        fence += "`"
    return fence


def _diffs(event: CallRequested) -> list[ToolContent]:
    return [
        schema.FileEditToolCallContent(
            type="diff", path=change.path, old_text=change.old_text, new_text=change.new_text
        )
        for change in event.changes
    ]


def _outcome(outcome: ProgramOutcome) -> list[ToolContent]:
    content = _console(outcome.output, RESULT_CHARACTERS)
    if outcome.value is not None:
        content += _console(outcome.value, RESULT_CHARACTERS)
    if outcome.error is not None:
        content += _console(f"{outcome.error.message}\n{outcome.error.excerpt}", RESULT_CHARACTERS)
    return content


def _raw_outcome(outcome: ProgramOutcome) -> dict[str, Any]:
    raw: dict[str, Any] = {"output": outcome.output, "calls": outcome.calls, "seconds": round(outcome.seconds, 3)}
    if outcome.value is not None:
        raw["value"] = outcome.value
    if outcome.error is not None:
        raw["error"] = {
            "kind": outcome.error.kind,
            "message": outcome.error.message,
            "line": outcome.error.line,
        }
    return raw
