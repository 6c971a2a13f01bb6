"""One program, from its first line to its outcome: feed it, answer each pause, note how it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, cast

import anyio
from pydantic_monty import (
    FunctionSnapshot,
    FutureSnapshot,
    MontyComplete,
    MontyError,
    NameLookupSnapshot,
)

from punie_acp.codemode.answers import (
    INTERRUPT,
    MAX_SLEEP_SECONDS,
    NOT_SILENT,
    PURE,
    SLEEPS,
    interrupting,
    pure_answer,
    raising,
    silent_answer,
    source_line,
)
from punie_acp.codemode.calls import CallRunner, PlanError
from punie_acp.codemode.deferring import DEFERRED
from punie_acp.codemode.early.following import Following
from punie_acp.codemode.early.record import Record
from punie_acp.codemode.environment import named
from punie_acp.codemode.events import Printed, ProgramError, ProgramOutcome
from punie_acp.codemode.external import ExternalCall, is_served, plan_read, serve, unknown_function
from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.codemode.functions import Place
from punie_acp.codemode.limits import Output, keep_whole, loses_state, shortened
from punie_acp.codemode.misses import nothing_done
from punie_acp.codemode.problems import monty_problem
from punie_acp.codemode.rewriting.emit import Lines
from punie_acp.codemode.shapes import found_nothing, shapes_of
from punie_acp.codemode.simultaneous import Orderly, Simultaneous, claim_of
from punie_acp.codemode.surviving.going_on import GoingOn, arguments_of
from punie_acp.codemode.surviving.kept import KeptCall
from punie_acp.codemode.worker import WorkerKilledError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_monty import ExternalResult, ExternalSettledResult, SyncSnapshot

    from punie_acp.codemode.early.record import EarlyRead
    from punie_acp.codemode.events import Observer, ProgramLimits
    from punie_acp.codemode.session import Session
    from punie_acp.codemode.surviving.keeping import Keeping
    from punie_acp.workspace.base import Workspace
    from punie_acp.workspace.outputs import OutputFile, Outputs

UNWIND_ANSWERS = 50
"""A program that is stopped may pause this often on its way out (in `finally`, `with`) before its worker is killed."""
UNWIND_SECONDS = 0.5


class _StopError(Exception):
    """The program is to be stopped, for this reason."""

    def __init__(self, error: ProgramError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is ready to run."""

    program_id: str
    code: str  # as the user sees it; lines refer to this
    lowered: str  # as Monty gets it
    repairs: tuple[str, ...] = ()
    lines: Lines = field(default_factory=Lines)  # from lines of `lowered` to those of `code`


@dataclass(slots=True)
class ProgramRun:
    """The run of one program in a session. `run` is called once."""

    program: Program
    session: Session
    workspace: Workspace
    observer: Observer
    limits: ProgramLimits
    extra: ExtraFunctions = field(default_factory=ExtraFunctions)
    early: Record = field(default_factory=Record)  # the calls that were made while the program was written
    keeping: Keeping | None = None  # where another process may have to go on with it
    going_on: GoingOn = field(default_factory=GoingOn)  # where another process has begun it
    outputs: Outputs | None = None  # where what it prints is kept whole, if it is too long to be told
    calls: int = 0
    error: ProgramError | None = None
    value: str | None = None
    state_lost: bool = False  # the session must be restored before it is used again
    _output: Output = field(init=False)
    _runner: CallRunner = field(init=False)
    _place: Place = field(init=False)
    _lowered: bytes = field(init=False)
    _filename: str = ""
    _running: float = 0.0  # seconds, pauses not counted
    _began: float = field(default_factory=time.monotonic)
    _paused: SyncSnapshot | None = None
    _requested: int = 0  # how many calls have been numbered
    _observer: Orderly = field(init=False)
    _calls: Simultaneous = field(init=False, default_factory=Simultaneous)
    _following: Following | None = None  # where reads may be begun before their turn

    def __post_init__(self) -> None:
        self._output = Output(self.limits.output_bytes, self._new_file("printed"))
        self._observer = Orderly(self.observer, self._calls)
        self._runner = CallRunner(self._observer)
        self._place = Place(self.workspace, self.limits.command_seconds)
        self._lowered = self.program.lowered.encode()
        self._requested = self.early.shown

    async def run(self) -> None:
        """Run to the end, whatever it is; see `outcome`. Raises only what cancels the caller."""
        async with anyio.create_task_group() as group:
            self._calls.begin(group)
            self.early.begin(group)
            if self.limits.prefetch:
                plan = partial(plan_read, self._place)
                self._following = Following(self.workspace.root, self.program.code, plan, group)
            await self._run()
            self.early.end()
            if self._following is not None:
                self._following.forget()

    async def _run(self) -> None:
        try:
            complete = await self._to_the_end()
            self._note_value(complete.output)
            await self._calls.all_ended()
        except _StopError as stop:
            self.error = stop.error
            self._calls.cancel()
            await self._unwind()
        except (MontyError, WorkerKilledError) as error:
            self._note(error)
            await self._end_calls()
        except anyio.get_cancelled_exc_class():
            self.error = ProgramError("cancelled", "the program was stopped")
            with anyio.CancelScope(shield=True):
                await self._unwind()
                self._output.keep()
                await self._flush()
            raise
        await self._close_files()
        self._output.end()
        await self._flush()

    async def _end_calls(self) -> None:
        """After an error of the program: the calls that it had begun go on to their end, as they do in `gather`."""
        if self.state_lost:
            self._calls.cancel()
        await self._calls.all_ended()

    def outcome(self) -> ProgramOutcome:
        """How it ended and what it left."""
        code = self.program.code
        found = not self.error and (self._runner.changed or not found_nothing(self._output.text, self.value))
        idle = not self.error and not self.calls and not self._output.text.strip() and self.value is None
        return ProgramOutcome(
            output=self._output.text,
            value=self.value,
            error=self.error,
            effects=tuple(self._runner.effects),
            shapes=() if found else shapes_of(self._runner.texts),
            missed=() if found else tuple(dict.fromkeys(self._runner.missed + (nothing_done(code) if idle else []))),
            calls=self.calls,
            seconds=time.monotonic() - self._began,
            failed=self._runner.failed,
        )

    async def _to_the_end(self) -> MontyComplete:
        paused = self.going_on.paused
        if paused is None:
            return await self._drive(self.program.lowered)
        kept, self._filename = paused.program, paused.program.filename
        self.calls, self._requested = paused.index - 1, paused.numbered_before
        self._output.restore(paused.printed)
        self._runner.effects += [call.title for call in paused.calls if call.state == "finished" and not call.error]
        self._runner.changed = bool(self._runner.effects)
        await self.session.renew()
        snapshot = await self._settle(partial(self.session.load, paused.dump, kept.feeds, self._print))
        await self._begin_again()
        return await self._follow(snapshot)

    async def _begin_again(self) -> None:
        """The calls that ran beside the program."""
        assert self.going_on.paused is not None
        if self.keeping is not None:
            self.keeping.go_on(self.going_on.deferred())
        for kept in self.going_on.deferred():
            if kept.index == self.going_on.paused.index:
                continue  # it begins when the program does
            name, (args, kwargs) = kept.called.removeprefix(DEFERRED), arguments_of(kept)
            kwargs.pop("_line", None)
            service = serve(self._place, self.extra, name, args, kwargs)
            claim = claim_of(self.workspace.root, name, service.arguments, self.extra.by_name)
            call = ExternalCall(name, service, kept)
            self._calls.start(kept.number, claim, partial(self._served, call))

    async def _drive(self, code: str) -> MontyComplete:
        self._filename = self.session.next_name
        return await self._follow(await self._settle(partial(self.session.feed, code, self._print)))

    async def _follow(self, snapshot: SyncSnapshot) -> MontyComplete:
        while not isinstance(snapshot, MontyComplete):
            self._paused = snapshot
            snapshot = await self._answer(snapshot)
        return snapshot

    async def _answer(self, snapshot: SyncSnapshot) -> SyncSnapshot:
        if isinstance(snapshot, FunctionSnapshot):
            answer = await self._function(snapshot)
            return await self._settle(partial(snapshot.resume, answer))
        if isinstance(snapshot, NameLookupSnapshot):
            name = snapshot.variable_name
            known = self._is_served(name) and snapshot.object_id is None
            return await self._settle(partial(snapshot.resume, value=named(name)) if known else snapshot.resume)
        assert isinstance(snapshot, FutureSnapshot)
        settled = await self._calls.settled(snapshot.pending_call_ids)
        if self.keeping is not None:
            self.keeping.taken(settled)
        return await self._settle(partial(snapshot.resume, settled))

    def _is_served(self, name: str) -> bool:
        return name in self.extra.by_name or name.startswith(DEFERRED)

    async def _function(self, snapshot: FunctionSnapshot) -> ExternalResult:
        """Answer a call: by ourselves where it touches nothing, else as an external call."""
        called, args, kwargs = str(snapshot.function_name), snapshot.args, snapshot.kwargs
        name = called.removeprefix(DEFERRED)
        if snapshot.is_os_function:
            if name in SLEEPS:
                await self._sleep(float(cast("float", args[0])))
                return {"return_value": None}
            value = silent_answer(self._place, name, args)
            if value is not NOT_SILENT:
                return {"return_value": value}
        if name == PURE:
            return await pure_answer(args, kwargs)
        if not is_served(name, self.extra):
            return unknown_function(name, args)
        return await self._external(snapshot, called, name)

    async def _sleep(self, seconds: float) -> None:
        """A pause of the program's own making, of which it is the only cause: its time goes on."""
        began = time.monotonic()
        left = self.limits.seconds - self._running
        await anyio.sleep(min(seconds, left, MAX_SLEEP_SECONDS))
        self._running += time.monotonic() - began
        if self._running >= self.limits.seconds:
            raise _StopError(self._time_is_up())

    async def _external(self, snapshot: FunctionSnapshot, called: str, name: str) -> ExternalResult:
        """Serve an external call: at once and to its end, or, where its deferred form was called, beside others."""
        args, kwargs = snapshot.args, snapshot.kwargs
        if self.calls >= self.limits.calls:
            raise _StopError(ProgramError("limit", f"the program made more than {self.limits.calls} external calls"))
        await self._flush()
        line = cast("int | None", kwargs.pop("_line", None)) or self._line(snapshot)
        try:
            service = serve(self._place, self.extra, name, args, kwargs)
        except TypeError as error:
            return raising(error)
        self.calls += 1
        early = self.early.find(name, service.arguments)
        call = ExternalCall(name, service, self._kept(snapshot, called, line, early), early)
        claim = partial(claim_of, self.workspace.root, name, service.arguments, self.extra.by_name)
        if called != name:
            self._calls.start(snapshot.call_id, claim(), partial(self._served, call))
            return {"future": ...}
        if not self._calls.idle:
            await self._calls.in_turn(claim())
        return await self._served(call)

    def _kept(self, snapshot: FunctionSnapshot, called: str, line: int | None, early: EarlyRead | None) -> KeptCall:
        """The call at which the program has paused: numbered, and kept before anything of it happens."""
        known = self.going_on.known(self.calls)
        if known is not None:
            self._requested = max(self._requested, known.shown_number)
            return known  # its state says what may have happened of it
        numbered = self._requested
        call_id = self._next_id() if early is None else early.call_id
        deferred = called.startswith(DEFERRED)
        call = KeptCall(self.calls, snapshot.call_id, call_id, called, line, None, deferred, numbered=numbered)
        if self.keeping is None or self.keeping.may_skip(called):
            return call
        return self.keeping.pause(replace(call, printed=self._output.take_unkept()), snapshot)

    def _next_id(self) -> str:
        self._requested += 1
        return f"{self.program.program_id}/{self._requested}"

    async def _served(self, call: ExternalCall) -> ExternalSettledResult:
        """A call's result: as it was known before the program was interrupted, or as it is made now."""
        known = self.going_on.take(call.kept.call_id)
        done = self.going_on.result(known) if known is not None else None
        if known is None or done is None:
            return await self._call(call)
        result, event = done
        if known.told:
            self._output.add(known.told)
        await self._observer.emit(event)
        return result

    def _line(self, snapshot: FunctionSnapshot) -> int | None:
        """The line of the program at which it paused; None where that is in other code."""
        return self.program.lines.origin(source_line(snapshot, self._lowered, self._filename))

    async def _call(self, call: ExternalCall) -> ExternalSettledResult:
        name, arguments, site = call.name, call.service.arguments, call.site(self.program.program_id)
        if call.early is not None:
            if await call.early.holds():
                return self._read_early(call.early)
            site = replace(site, call_id=self._next_id())
        try:
            plan = await call.service.plan_it()
            perform = plan.perform
            if self._following is not None:
                perform = self._following.instead(name, arguments, plan)
            if self.keeping is not None:
                perform = self.keeping.watched(call.kept, plan, perform)
            answer = await self._runner.run(site, plan, perform)
        except PlanError as error:
            await self._runner.fail(site, error)
            return raising(error.cause)
        except Exception as error:  # noqa: BLE001 - a workspace's failure is the program's to handle
            if self.keeping is not None and isinstance(error, PermissionError):
                self.keeping.refused(call.kept, error)
            return raising(error)
        if self._following is not None:
            self._following.learn(name, arguments, answer.value)
        if answer.printed:
            self._output.add(answer.printed)
        return {"return_value": answer.value}

    def _read_early(self, read: EarlyRead) -> ExternalSettledResult:
        """The answer of a call that was made while the program was written, and shown then."""
        self._runner.note(read.plan, read.answer)
        if self._following is not None and not isinstance(read.answer, Exception):
            self._following.learn(read.name, read.arguments, read.answer.value)
        return read.settled()

    async def _settle(self, turn: Callable[[], SyncSnapshot]) -> SyncSnapshot:
        self._paused = None
        began = time.monotonic()
        left = self.limits.seconds - self._running
        try:
            return await self.session.settle(turn, left, self._progress)
        finally:
            self._running += time.monotonic() - began

    async def _progress(self) -> bool:
        await self._flush()
        return not self._output.flooded

    def _print(self, _stream: str, text: str) -> None:
        self._output.add(text)

    async def _flush(self) -> None:
        text = self._output.take_fresh()
        if text:
            await self._observer.emit(Printed(self.program.program_id, text))

    def _note_value(self, value: object) -> None:
        if value is not None:
            text = value if isinstance(value, str) else repr(value)
            file = self._new_file("value")
            keep_whole(text, self.limits.output_bytes, file)
            self.value = shortened(text, self.limits.output_bytes, file)

    def _new_file(self, of: str) -> OutputFile | None:
        return self.outputs.new(of) if self.outputs is not None else None

    def _note(self, error: Exception) -> None:
        if isinstance(error, MontyError):
            problem = monty_problem(error, self.program.code, self._filename, self.program.lines)
            self.state_lost = problem.kind == "crash" or loses_state(problem.message)
            self.error = problem
            if problem.kind == "runtime" and problem.message in {"SystemExit", "SystemExit: 0"}:
                self.error = None
        else:
            self.state_lost = True
            self.error = self._time_is_up()
        if self._output.flooded:
            self.error = ProgramError("limit", f"the program printed far more than {self.limits.output_bytes} bytes")
            self.state_lost = True

    def _time_is_up(self) -> ProgramError:
        return ProgramError("limit", f"the program ran longer than {self.limits.seconds:g} seconds")

    async def _close_files(self) -> None:
        """Write what is still in files that the program left open, as Python does at its exit."""
        if self.state_lost or "open(" not in self.program.code:
            return
        try:
            await self._drive("_flush_files()")
        except _StopError as stop:
            self.error = self.error or stop.error
            await self._unwind()
        except (MontyError, WorkerKilledError) as error:
            earlier = self.error
            self._note(error)
            self.error = earlier or (replace(self.error, line=None, excerpt="") if self.error else None)

    async def _unwind(self) -> None:
        """Let a paused program run out through its `finally`s, refusing every further call. Else kill it."""
        snapshot, self._paused = self._paused, None
        for _ in range(UNWIND_ANSWERS):
            if isinstance(snapshot, FunctionSnapshot):
                turn = partial(snapshot.resume, INTERRUPT)
            elif isinstance(snapshot, FutureSnapshot):
                turn = partial(snapshot.resume, interrupting(snapshot.pending_call_ids))
            else:
                break
            try:
                snapshot = await self.session.settle(turn, UNWIND_SECONDS)
            except MontyError:
                return
            except WorkerKilledError:
                break
        if not isinstance(snapshot, MontyComplete):
            self.session.kill()
            self.state_lost = True
