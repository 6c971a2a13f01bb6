"""Keeps one program while it runs: a dump at each pause, and what becomes of each call."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING

from punie_acp.codemode.answers import raising
from punie_acp.codemode.calls import describe
from punie_acp.codemode.early.record import READS
from punie_acp.codemode.events import CallType
from punie_acp.codemode.surviving.evidence import traces_of
from punie_acp.codemode.surviving.kept import KeptCall, packed_or_none

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from pydantic_monty import ExternalSettledResult, FunctionSnapshot

    from punie_acp.codemode.calls import Answer, Perform, Plan
    from punie_acp.codemode.surviving.kept import Keeper, KeptProgram
    from punie_acp.workspace.base import CommandProgress

MOST_BYTES = 4 * 1024 * 1024
"""Of one dump. A program that holds more is not kept: storing it at each call would take longer than the call."""


@dataclass(slots=True)
class Keeping:
    """What `ProgramRun` tells of its calls. Without a `keeper` nothing is kept."""

    keeper: Keeper | None
    program: KeptProgram
    _is_new: bool = True
    _kept_at: float = -inf  # monotonic seconds
    _open: dict[int, KeptCall] = field(default_factory=dict[int, KeptCall])  # deferred, nobody has taken its result

    def go_on(self, calls: Collection[KeptCall]) -> None:
        """The program has been kept before; `calls` run beside it."""
        self._is_new = False
        self._open = {call.number: call for call in calls}

    def may_skip(self, name: str) -> bool:
        """Whether the program need not be kept at a call of the function `name`."""
        if self.keeper is None:
            return True
        return name in READS and time.monotonic() - self._kept_at < self.keeper.seconds_between

    def pause(self, call: KeptCall, snapshot: FunctionSnapshot) -> KeptCall:
        """The program has paused at `call`, of which nothing has happened."""
        call = replace(call, open=tuple(self._open))
        if call.is_deferred:
            args = packed_or_none([list(snapshot.args), snapshot.kwargs])
            call = self._open[call.number] = replace(call, args=args)
        if self.keeper is None:
            return call
        dump = snapshot.dump()
        if len(dump) > MOST_BYTES or (call.is_deferred and call.args is None):
            self.keeper.forget(self.program.program_id)
            self.keeper = None
        else:
            self.keeper.keep(self.program.program_id, call, dump, self.program if self._is_new else None)
            self._kept_at = time.monotonic()
            self._is_new = False
        return call

    def taken(self, numbers: Collection[int]) -> None:
        """The program is given the results of these calls."""
        for number in numbers:
            self._open.pop(number, None)

    def watched(self, call: KeptCall, plan: Plan, perform: Perform) -> Perform:
        """`perform`, noted before it happens and after it has. A read may be made again at any time."""
        if self.keeper is None or plan.type is CallType.READ:
            return perform

        async def watched(report: Callable[[CommandProgress], Awaitable[None]]) -> Answer:
            begun = self._note(_begun(call, plan))
            try:
                answer = await perform(report)
            except Exception as error:
                self._note(replace(_ended(begun, raising(error)), error=describe(error)))
                raise
            ended = _ended(begun, {"return_value": answer.value})
            self._note(replace(ended, raw_output=answer.raw_output, told=answer.printed))
            return answer

        return watched

    def refused(self, call: KeptCall, error: PermissionError) -> None:
        """The call did not happen. Nobody is to be asked about it again."""
        self._note(replace(_ended(call, raising(error)), error=describe(error)))

    def _note(self, call: KeptCall) -> KeptCall:
        if self.keeper is not None:
            self.keeper.keep(self.program.program_id, call)
        return call


def _begun(call: KeptCall, plan: Plan) -> KeptCall:
    return replace(
        call,
        state="started",
        type=plan.type,
        kind=plan.kind,
        title=plan.title,
        command=plan.command or "",
        locations=tuple(location.path for location in plan.locations),
        traces=traces_of(plan),
        value=packed_or_none(plan.value),
    )


def _ended(call: KeptCall, result: ExternalSettledResult) -> KeptCall:
    return replace(call, state="finished", settled=packed_or_none(dict(result)))
