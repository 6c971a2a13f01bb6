"""The calls that were made while their program was written, and which of them still hold when it runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

import anyio

from punie_acp.codemode.answers import raising
from punie_acp.codemode.early.looking import MANY_PATHS, ONE_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from anyio.abc import TaskGroup
    from pydantic_monty import ExternalSettledResult

    from punie_acp.codemode.calls import Answer, Plan

AT_ONCE = 8
"""So many calls are looked at again at once."""
FRESH_SECONDS = 1.0
"""What was looked at longer ago is looked at once more when its turn comes: the program may have computed meanwhile."""

READS = ONE_PATH | MANY_PATHS
"""Calls that change nothing and ask nobody, unless the path is a sensitive one."""


@dataclass(slots=True, eq=False)
class EarlyRead:
    """A call that was made, and what came of it."""

    call_id: str  # under which it was shown
    name: str
    arguments: Mapping[str, object]
    plan: Plan
    answer: Answer | Exception
    look: Callable[[], Awaitable[bool]]  # whether it would give the same now, as far as that is looked at
    _holds: bool = True
    _looked_at: float = -inf  # monotonic seconds
    _looking: anyio.Event | None = None  # set when that is known for the first time

    def settled(self) -> ExternalSettledResult:
        """The answer for the program."""
        if isinstance(self.answer, Exception):
            return raising(self.answer)
        return {"return_value": self.answer.value}

    async def holds(self) -> bool:
        """Whether the program may have this answer."""
        if self._looking is not None:
            await self._looking.wait()
        if self._holds and time.monotonic() - self._looked_at > FRESH_SECONDS:
            await self._look_now()
        return self._holds

    def expect_look(self) -> None:
        """`look_at_once` follows, and `holds` is to wait for it."""
        self._looking = anyio.Event()

    async def look_at_once(self, limiter: anyio.CapacityLimiter) -> None:
        """Look before anybody asks."""
        assert self._looking is not None
        async with limiter:
            await self._look_now()
        self._looking.set()

    async def _look_now(self) -> None:
        self._holds = await self.look()
        self._looked_at = time.monotonic()


@dataclass(slots=True)
class Record:
    """What was read ahead for one program.

    It is looked at again when the program begins, all at once: it counts only if it is still the same, for a user may
    have typed meanwhile. Nothing counts any more after the program's first call that does more than read.
    """

    shown: int = 0  # how many calls have been shown: their numbers are taken
    _reads: list[EarlyRead] = field(default_factory=list["EarlyRead"])
    _scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def add(self, read: EarlyRead) -> None:
        """Keep a call that has ended."""
        self._reads.append(read)

    def forget(self) -> None:
        """None of it counts any more."""
        self._reads.clear()

    def begin(self, group: TaskGroup) -> None:
        """The program begins: look again, in `group`, whether the files are what they were."""
        if self._reads:
            for read in self._reads:
                read.expect_look()
            group.start_soon(self._look_again, list(self._reads))

    def end(self) -> None:
        """The program has ended: stop looking."""
        self._scope.cancel()

    def find(self, name: str, arguments: Mapping[str, object]) -> EarlyRead | None:
        """The call, where it has been made before; it is given once. Whether it counts, it says itself."""
        if not self._reads:
            return None
        if name not in READS:
            self.forget()
        found = next((read for read in self._reads if read.name == name and read.arguments == arguments), None)
        if found is not None:
            self._reads.remove(found)
        return found

    async def _look_again(self, reads: list[EarlyRead]) -> None:
        limiter = anyio.CapacityLimiter(AT_ONCE)
        with self._scope:
            async with anyio.create_task_group() as tasks:
                for read in reads:
                    tasks.start_soon(read.look_at_once, limiter)
