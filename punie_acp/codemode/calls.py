"""One external call: planned, requested, permitted, performed. Every call of every kind goes through here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from punie_acp.codemode.events import (
    CallFinished,
    CallProgress,
    CallRequested,
    CallStarted,
    CallType,
    Change,
    JsonValue,
    Location,
    ToolKind,
)
from punie_acp.codemode.shapes import worth_a_look

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from punie_acp.codemode.events import Observer
    from punie_acp.workspace.base import CommandProgress

    Perform = Callable[[Callable[[CommandProgress], Awaitable[None]]], Awaitable["Answer"]]
    """Has a call take place. It is given what is told of the progress of a command."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gives: the value for the program, and its description for people and the record."""

    value: object
    raw_output: JsonValue = None
    printed: str = ""  # what the program prints on the way: the output of a command that nobody captured
    missed: str = ""  # what was looked for in vain, and what is there instead


@dataclass(frozen=True, slots=True)
class Plan:
    """What a call will do, worked out before anybody is asked and before anything happens."""

    type: CallType
    kind: ToolKind
    title: str
    perform: Perform
    locations: tuple[Location, ...] = ()
    changes: tuple[Change, ...] = ()
    command: str | None = None
    cwd: str | None = None
    sensitive: str | None = None
    file: str = ""  # whose whole text a read gives, as people name it
    value: object = None  # what the program gets of a write, known before it happens
    bytes_after: bytes | None = None  # of a write of bytes: what its file, the first location, is to hold


_PLAIN = (str, int, float, bool, type(None))


class PlanError(Exception):
    """A call cannot be planned; `cause` is what the program gets. It is shown as a failed call of this title."""

    def __init__(self, cause: Exception, type: CallType, kind: ToolKind, title: str) -> None:  # noqa: A002
        super().__init__(str(cause))
        self.cause = cause
        self.type: CallType = type
        self.kind: ToolKind = kind
        self.title = title


@dataclass(frozen=True, slots=True)
class CallSite:
    """Which call it is: its id, the program's, the function as written, the line, the arguments."""

    call_id: str
    program_id: str
    function: str
    source_line: int | None
    raw_input: Mapping[str, JsonValue]


@dataclass(slots=True)
class CallRunner:
    """Takes calls through their life. Keeps the titles of the effects that took place."""

    observer: Observer
    effects: list[str] = field(default_factory=list[str])
    changed: bool = False  # whether any was a write
    failed: str = ""  # the last command, where it failed after a change
    texts: dict[str, str] = field(default_factory=dict[str, str])  # the files that were read, by path
    missed: list[str] = field(default_factory=list[str])  # what was looked for in vain

    async def run(self, site: CallSite, plan: Plan, perform: Perform) -> Answer:
        """Request, permit, perform: by `perform` instead of the plan's own.

        Raises what the call raises in the program; `PermissionError` if refused.
        """
        request = _request(site, plan)
        await self.observer.emit(request)
        started = False
        try:
            decision = await self.observer.permit(request)
            if not decision.allowed:
                return await self._refuse(site.call_id, decision.reason)
            started = True
            return await self._perform(site.call_id, plan, perform)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                note = "cancelled while it ran" if started else "cancelled before it began"
                await self.observer.emit(CallFinished(site.call_id, "cancelled", error=note))
            raise

    async def fail(self, site: CallSite, error: PlanError) -> None:
        """Show a call that could not be planned, as requested and failed."""
        plan = Plan(error.type, error.kind, error.title, perform=_never)
        await self.observer.emit(_request(site, plan))
        await self.observer.emit(CallFinished(site.call_id, "failed", error=describe(error.cause)))

    async def _refuse(self, call_id: str, reason: str) -> Answer:
        error = PermissionError(reason or "this call was refused")
        await self.observer.emit(CallFinished(call_id, "refused", error=str(error)))
        raise error

    async def _perform(self, call_id: str, plan: Plan, perform: Perform) -> Answer:
        await self.observer.emit(CallStarted(call_id))

        async def report(progress: CommandProgress) -> None:
            await self.observer.emit(CallProgress(call_id, progress.output, progress.terminal_id))

        try:
            answer = await perform(report)
        except Exception as error:  # what a workspace raises becomes an exception of the program
            self.note(plan, error)
            await self.observer.emit(CallFinished(call_id, "failed", error=describe(error)))
            raise
        self.note(plan, answer)
        await self.observer.emit(CallFinished(call_id, "completed", answer.raw_output))
        return answer

    def note(self, plan: Plan, answer: Answer | Exception) -> None:
        """Keep what came of a call, as far as the model may have to be told of it."""
        if isinstance(answer, Exception):
            if plan.type is CallType.READ and isinstance(answer, FileNotFoundError):
                self.missed.append(f"{plan.title} found nothing: {answer}.")
            return
        if plan.type is not CallType.READ:
            self.effects.append(plan.title)
            self.changed = self.changed or plan.type is CallType.WRITE
            if plan.command is not None:
                self.failed = plan.command if self.changed and _has_failed(answer.raw_output) else ""
        elif isinstance(answer.value, str) and plan.file and not plan.sensitive:
            self.texts[plan.file] = worth_a_look(plan.file, answer.value)
        if answer.missed:
            self.missed.append(answer.missed)


def _has_failed(raw_output: JsonValue) -> bool:
    """Whether a command's result is that of one that failed."""
    return isinstance(raw_output, dict) and raw_output.get("exit_code") != 0


def _request(site: CallSite, plan: Plan) -> CallRequested:
    return CallRequested(
        call_id=site.call_id,
        program_id=site.program_id,
        type=plan.type,
        kind=plan.kind,
        function=site.function,
        title=plan.title,
        source_line=site.source_line,
        raw_input=site.raw_input,
        locations=plan.locations,
        changes=plan.changes,
        command=plan.command,
        cwd=plan.cwd,
        sensitive=plan.sensitive,
    )


async def _never(_: object) -> Answer:
    raise AssertionError("a call that could not be planned is never performed")


def describe(error: BaseException) -> str:
    """`FileNotFoundError: no file src/b.py`: an error as Python's last line says it."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def to_json(value: object) -> JsonValue:
    """`value` for the record: plain data as it is, anything else (a path, bytes) as text."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    try:
        return json.loads(json.dumps(value, default=str))
    except (TypeError, ValueError):
        return str(value)
