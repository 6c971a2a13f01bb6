"""The sandbox of one ACP session: programs go in one after the other, events and outcomes come out."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import anyio
from pydantic_monty import Monty, MontyError

from punie_acp.codemode.checker import Checker
from punie_acp.codemode.compiling import compile_program
from punie_acp.codemode.deferring import defer
from punie_acp.codemode.early.ahead import ReadingAhead
from punie_acp.codemode.early.record import Record
from punie_acp.codemode.events import Printed, ProgramChecked, ProgramError, ProgramFinished, ProgramOutcome
from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.codemode.guard import Guard
from punie_acp.codemode.lifting import lift
from punie_acp.codemode.limits import monty_limits
from punie_acp.codemode.program import Program, ProgramRun
from punie_acp.codemode.projectcode import handed_to_project
from punie_acp.codemode.repair import Repaired, repair
from punie_acp.codemode.session import Session
from punie_acp.codemode.surviving.keeping import Keeping
from punie_acp.codemode.surviving.kept import KeptProgram

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from punie_acp.codemode.events import Observer, ProgramLimits
    from punie_acp.codemode.extra import ExtraFunction
    from punie_acp.codemode.surviving.going_on import GoingOn
    from punie_acp.codemode.surviving.kept import Keeper
    from punie_acp.workspace.base import Workspace
    from punie_acp.workspace.outputs import Outputs

_TOO_LARGE = "What this program had defined is lost: it is too large to be kept. Keep less in variables."


class Sandbox:
    """The Monty session of one ACP session: its REPL state lives as long as this."""

    def __init__(
        self,
        workspace: Workspace,
        limits: ProgramLimits,
        extra: Iterable[ExtraFunction] = (),
        *,
        outputs: Outputs | None = None,
    ) -> None:
        """`limits` hold for every program that is not given its own; `extra` as in `set_extra`.

        `outputs` keeps whole what a program prints, if it is too long to be told; the workspace should let programs
        read what is there.

        The first program may be given any memory and recursion limits, later ones only tighter ones: Monty 1.4 cannot
        loosen a session's.
        """
        self._workspace = workspace
        self._limits = limits
        self._outputs = outputs
        self._extra = ExtraFunctions.of(extra)
        self._stack = AsyncExitStack()
        self._one_at_a_time = anyio.Lock()
        self._session: Session | None = None
        self._checker: Checker | None = None
        self._ahead: ReadingAhead | None = None  # of the program that is being written

    @property
    def extra(self) -> ExtraFunctions:
        """The further functions that programs may call, as last set."""
        return self._extra

    def set_extra(self, functions: Iterable[ExtraFunction]) -> None:
        """Have the next program find `functions` and no other further ones. Raises as `ExtraFunctions.of`."""
        self._extra = ExtraFunctions.of(functions)

    async def __aenter__(self) -> Self:
        guard = Guard()
        async with AsyncExitStack() as stack:  # taken down again where something here fails
            stack.callback(guard.close)
            pool = stack.enter_context(Monty(max_processes=4))
            self._session = Session(pool, self._workspace.root, monty_limits(self._limits), guard)
            self._checker = Checker(pool, guard)
            stack.push_async_callback(self._session.close)
            await self._session.open()
            stack.push_async_callback(self._checker.close)
            await self._checker.open()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self._stack.aclose()

    def read_ahead(self, program_id: str, observer: Observer, limits: ProgramLimits | None = None) -> ReadingAhead:
        """What makes those calls of a program that only read, while it is being written.

        They are shown to `observer` then; the `run` of this program finds their answers there.
        """
        assert self._session is not None
        assert self._checker is not None
        self._ahead = ReadingAhead(
            program_id, self._session, self._checker, self._workspace, observer, limits or self._limits, self._extra
        )
        return self._ahead

    def _early(self, code: str, program_id: str, workspace: Workspace) -> Record:
        """What was read ahead for a program; none of it counts for another workspace than the sandbox's own."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead.program_id != program_id:
            return Record()
        record = ahead.record_for(code)
        if workspace is not self._workspace:
            record.forget()
        return record

    async def run(
        self,
        code: str,
        *,
        program_id: str,
        observer: Observer,
        limits: ProgramLimits | None = None,
        workspace: Workspace | None = None,
        keeper: Keeper | None = None,
    ) -> ProgramOutcome:
        """Repair, check and run a program. Whatever is wrong with it is in the outcome; nothing of it is raised.

        `workspace` takes the place of the sandbox's own for this program; its root must be the same. `keeper` keeps
        what another process needs to go on with it.

        Raises what cancels the caller, after every open call has ended and the program has been stopped.
        """
        async with self._one_at_a_time:
            place = workspace or self._workspace
            return await self._run(code, program_id, observer, limits or self._limits, place, keeper)

    async def go_on(self, going_on: GoingOn, *, observer: Observer, keeper: Keeper | None = None) -> ProgramOutcome:
        """Take a program that another process has begun from its pause to its end; otherwise as `run`."""
        assert self._session is not None
        assert self._checker is not None
        assert going_on.paused is not None
        kept = going_on.paused.program
        async with self._one_at_a_time:
            await self._checker.use(self._extra)
            self._checker.recall(kept.names, kept.knowledge, kept.compiled)
            program = Program(kept.program_id, kept.code, kept.lowered, kept.repairs, kept.lines)
            await observer.emit(ProgramChecked(program.program_id, program.code, program.repairs))
            if going_on.paused.printed:
                await observer.emit(Printed(program.program_id, going_on.paused.printed))
            keeping = Keeping(keeper, kept) if keeper is not None else None
            run = ProgramRun(
                *(program, self._session, self._workspace, observer, kept.limits, self._extra),
                keeping=keeping,
                going_on=going_on,
                outputs=self._outputs,
            )
            return await self._to_its_end(run, observer)

    async def _run(
        self,
        code: str,
        program_id: str,
        observer: Observer,
        limits: ProgramLimits,
        workspace: Workspace,
        keeper: Keeper | None,
    ) -> ProgramOutcome:
        assert self._session is not None
        began = time.monotonic()
        extra = self._extra
        early = self._early(code, program_id, workspace)
        program = await self._prepare(code, program_id, extra)
        if isinstance(program, ProgramError):
            outcome = ProgramOutcome("", error=program, seconds=time.monotonic() - began)
            await observer.emit(ProgramFinished(program_id, outcome))
            return outcome
        await observer.emit(ProgramChecked(program_id, program.code, program.repairs))
        await self._session.prepare(monty_limits(limits))
        keeping = Keeping(keeper, self._kept(program, limits)) if keeper is not None else None
        run = ProgramRun(
            *(program, self._session, workspace, observer, limits, extra, early, keeping), outputs=self._outputs
        )
        return await self._to_its_end(run, observer)

    def _kept(self, program: Program, limits: ProgramLimits) -> KeptProgram:
        assert self._session is not None
        assert self._checker is not None
        return KeptProgram(
            *(program.program_id, program.code, program.lowered, program.repairs, program.lines.origins),
            feeds=self._session.feeds + 1,
            filename=self._session.next_name,
            limits=limits,
            names=self._checker.earlier_names,
            knowledge=self._checker.knowledge,
            compiled=self._checker.compiled,
        )

    async def _to_its_end(self, run: ProgramRun, observer: Observer) -> ProgramOutcome:
        try:
            await run.run()
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._finish(run, observer)
            raise
        return await self._finish(run, observer)

    async def _finish(self, run: ProgramRun, observer: Observer) -> ProgramOutcome:
        error = await self._recover(run)
        assert self._session is not None
        self._session.rest()
        outcome = replace(run.outcome(), error=error, note=_TOO_LARGE if run.state_lost and error is None else "")
        await observer.emit(ProgramFinished(run.program.program_id, outcome))
        return outcome

    async def _prepare(self, code: str, program_id: str, extra: ExtraFunctions) -> Program | ProgramError:
        assert self._checker is not None
        await self._checker.use(extra)
        repaired = repair(code, extra.by_name, self._workspace.root)
        handed = handed_to_project(repaired.code, self._workspace.root, extra.by_name, self._checker.earlier_names)
        if handed is not None:
            repaired = Repaired(handed.code, (*repaired.notes, handed.note))
        lifted = lift(repaired.code)
        checking = await self._checker.begin(lifted)  # in a process of its own, beside what follows
        deferred = defer(lifted, extra.by_name)
        compiled = compile_program(deferred, self._checker.earlier_names, self._checker.knowledge)
        problem = await checking
        if problem is not None:
            return problem
        self._checker.compiled = compiled.knowledge
        return Program(program_id, repaired.code, compiled.text, (*repaired.notes, *compiled.notes), compiled.lines)

    async def _recover(self, run: ProgramRun) -> ProgramError | None:
        """Bring the session back where the program took it down; what it had defined is then lost, and said to be."""
        assert self._session is not None
        assert self._checker is not None
        if run.error is not None and run.error.kind == "syntax":
            return run.error  # nothing of it ran
        if not run.state_lost and await self._keep(run):
            self._checker.remember(lift(run.program.code), up_to_line=run.error.line if run.error else None)
            return run.error
        await self._session.restore()
        if run.error is None:
            return None
        lost = "what this program had defined is lost"
        return replace(run.error, message=f"{run.error.message} ({lost})")

    async def _keep(self, run: ProgramRun) -> bool:
        """Remember what the session holds now, if that is not too much."""
        assert self._session is not None
        try:
            await self._session.save()
        except MontyError:
            run.state_lost = True
        return not run.state_lost
