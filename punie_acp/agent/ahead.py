"""Reading ahead in a response of the model: of its first program, whose reads no other program can come before.

Not where programs have data at hand: which lines are put in front of one, its whole text tells. And not as long as a
program may be one that would not be run again.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from punie_acp.agent.turn import program_limits

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from anyio.abc import TaskGroup

    from punie_acp.agent.turn import Turn
    from punie_acp.codemode.early.ahead import ReadingAhead


@asynccontextmanager
async def reading_ahead(turn: Turn) -> AsyncGenerator[Callable[[str, str], None]]:
    """Yields what is to be told a program's id and its text so far; within this, what it reads is read.

    On leaving, every call that was begun has ended, and nothing runs any more.
    """
    if not turn.settings.read_ahead or turn.request.tables:
        yield _deaf
        return
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        first = _First(turn, tasks)
        try:
            yield first.written
        except Exception as error:  # noqa: BLE001 - raised below, not as a group
            failure = error
            tasks.cancel_scope.cancel()  # no call is waited for
        if first.ahead is not None:
            await first.ahead.end()
    if failure is not None:
        raise failure


def _deaf(_program_id: str, _code: str) -> None:
    """Nothing is read ahead."""


@dataclass(slots=True)
class _First:
    """The first program of a response."""

    turn: Turn
    tasks: TaskGroup
    program_id: str = ""
    ahead: ReadingAhead | None = None
    is_new: bool = False  # it is none of those before, however it goes on

    def written(self, program_id: str, code: str) -> None:
        if not self.program_id:
            self.program_id = program_id
            self._begin()
        if self.ahead is None or program_id != self.program_id:
            return
        self.is_new = self.is_new or not self.turn.may_be_repeated(code)
        if self.is_new:
            self.ahead.written(code)

    def _begin(self) -> None:
        limits = program_limits(self.turn.settings, self.turn.external_calls)
        self.ahead = self.turn.sandbox.read_ahead(self.program_id, self.turn.observer, limits)
        if self.ahead is not None:
            self.tasks.start_soon(self.ahead.run)
