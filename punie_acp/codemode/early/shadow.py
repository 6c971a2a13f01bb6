"""Statements of a program that is still being written, run in a copy of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import anyio

from punie_acp.codemode.answers import INTERRUPT, SLEEPS, source_line
from punie_acp.codemode.deferring import DEFERRED
from punie_acp.codemode.early.looking import look_again
from punie_acp.codemode.early.record import READS, EarlyRead
from punie_acp.codemode.events import CallType
from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.hostmodules import HOST_FUNCTIONS, OS_FUNCTIONS
from punie_acp.codemode.program import ProgramRun
from punie_acp.codemode.rewriting.emit import Lines

if TYPE_CHECKING:
    from pydantic_monty import ExternalResult, ExternalSettledResult, FunctionSnapshot

    from punie_acp.codemode.calls import Answer, Plan
    from punie_acp.codemode.early.record import Record
    from punie_acp.codemode.events import Observer, ProgramLimits
    from punie_acp.codemode.external import ExternalCall, Service
    from punie_acp.codemode.extra import ExtraFunctions
    from punie_acp.codemode.program import Program
    from punie_acp.codemode.session import Session
    from punie_acp.workspace.base import Workspace

Pieces: TypeAlias = dict[str, tuple[bytes, Lines]]
"""By the name that Monty gives a piece: its text, and where its lines come from."""

_EFFECTS = (FUNCTIONS.keys() | OS_FUNCTIONS.keys() | HOST_FUNCTIONS.keys() | set(SLEEPS)) - READS


class ShadowRun(ProgramRun):
    """Runs a piece of a program: performs and records what only reads, and breaks off at anything else.

    What it prints is heard by nobody, and files that it leaves open stay open for the next piece.
    """

    def __init__(
        self,
        record: Record,
        pieces: Pieces,
        program: Program,
        session: Session,
        workspace: Workspace,
        observer: Observer,
        limits: ProgramLimits,
        extra: ExtraFunctions,
    ) -> None:
        """`session` is a copy of the one in which the program will run; `record` gets what is read.

        `pieces` are those of the program that have run; it gets this one.
        """
        super().__init__(program, session, workspace, observer, limits, extra)
        self.over = False  # nothing of the program may run ahead any more
        self._record = record
        self._pieces = pieces
        pieces[session.next_name] = (self._lowered, program.lines)
        self._requested = record.shown
        self._open_calls = 0
        self._calls_ended = anyio.Event()

    async def end_calls(self) -> None:
        """Begin no further call, and wait for those that are open."""
        self.over = True
        if self._open_calls:
            await self._calls_ended.wait()

    async def _function(self, snapshot: FunctionSnapshot) -> ExternalResult:
        name = str(snapshot.function_name).removeprefix(DEFERRED)
        if name in _EFFECTS or name in self.extra.by_name:
            self.over = True
        return INTERRUPT if self.over else await super()._function(snapshot)

    async def _call(self, call: ExternalCall) -> ExternalSettledResult:
        self._open_calls += 1
        try:
            plan = await self._plan(call.service)
            return INTERRUPT if plan is None else await self._read(call, plan)
        finally:
            self._open_calls -= 1
            if self.over and not self._open_calls:
                self._calls_ended.set()

    async def _plan(self, service: Service) -> Plan | None:
        """The plan of a call that may be made; None where it may not, and nothing after it."""
        try:
            plan = await service.plan_it()
        except Exception:  # noqa: BLE001 - the program itself will show what is wrong with the call
            plan = None
        if plan is None or plan.type is not CallType.READ or plan.sensitive is not None:
            self.over = True
        return None if self.over else plan

    async def _read(self, call: ExternalCall, plan: Plan) -> ExternalSettledResult:
        answer: Answer | Exception
        self._record.shown = max(self._record.shown, call.kept.shown_number)
        try:
            answer = await self._runner.run(call.site(self.program.program_id), plan, plan.perform)
        except PermissionError:
            self.over = True  # refused, perhaps
            return INTERRUPT
        except Exception as error:  # noqa: BLE001 - what a workspace raises is an answer too
            answer = error
        look = await look_again(call.name, plan, answer, self.workspace)
        read = EarlyRead(call.kept.call_id, call.name, call.service.arguments, plan, answer, look)
        self._record.add(read)
        return read.settled()

    def _line(self, snapshot: FunctionSnapshot) -> int | None:
        """As an ordinary run has it: a function may be called that an earlier piece has defined."""
        for filename, (lowered, lines) in self._pieces.items():
            if line := lines.origin(source_line(snapshot, lowered, filename)):
                return line
        return None

    async def _flush(self) -> None:
        self._output.take_fresh()

    async def _close_files(self) -> None:
        """They are closed when the program ends."""
