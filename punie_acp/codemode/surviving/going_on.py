"""How a program goes on that another process had begun."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from punie_acp.codemode.answers import raising
from punie_acp.codemode.events import CallFinished
from punie_acp.codemode.surviving.values import unpacked

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic_monty import ExternalSettledResult

    from punie_acp.codemode.surviving.kept import KeptCall, PausedProgram

NOT_AGAIN = "the agent was ended while this ran, and it was not run again"


@dataclass(slots=True)
class GoingOn:
    """What is known of the calls whose results a paused program does not have. Empty for one that begins."""

    paused: PausedProgram | None = None
    left_out: Collection[str] = ()  # the ids of the calls that are not to be made again
    _pending: dict[str, KeptCall] = field(init=False)

    def __post_init__(self) -> None:
        self._pending = {} if self.paused is None else {call.call_id: call for call in self.paused.pending}

    def deferred(self) -> list[KeptCall]:
        """The calls that run beside the program, in order; the one at which it paused may be the last."""
        return [call for call in self._pending.values() if call.is_deferred]

    def take(self, call_id: str) -> KeptCall | None:
        """What is known of a call, once."""
        return self._pending.pop(call_id, None)

    def known(self, index: int) -> KeptCall | None:
        """The call of this place, where it is the one at which the program had paused, and it has not been taken."""
        if self.paused is None or index != self.paused.index:
            return None
        return self._pending.get(self.paused.call.call_id)

    def result(self, call: KeptCall) -> tuple[ExternalSettledResult, CallFinished] | None:
        """What the program gets of a call that is not made again, and how that is told; None: it is made."""
        if call.call_id in self.left_out:
            error = InterruptedError(NOT_AGAIN)
            return raising(error), CallFinished(call.call_id, "failed", error=NOT_AGAIN)
        if call.state != "finished" or call.settled is None:
            return None
        status = "failed" if call.error else "completed"
        return call.result(), CallFinished(call.call_id, status, call.raw_output, call.error or None)


def arguments_of(call: KeptCall) -> tuple[tuple[object, ...], dict[str, object]]:
    """The arguments of a call that was kept with them."""
    args, kwargs = cast("tuple[list[object], dict[str, object]]", unpacked(call.args))
    return tuple(args), kwargs
