"""The calls that were made while their program was written, and which of them still hold when it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import anyio

from punie_acp.codemode.answers import raising

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyio.abc import TaskGroup
    from pydantic_monty import ExternalSettledResult

    from punie_acp.codemode.calls import Answer, Plan

AT_ONCE = 8
"""So many calls are made again at once."""

_ONE_PATH = frozenset(
    {
        *("read_file", "open.read_text", "open.read_bytes", "open.exists", "Path.read_text", "Path.read_bytes"),
        *("Path.exists", "Path.is_file", "Path.is_dir", "Path.is_symlink", "Path.stat", "Path.iterdir"),
    }
)
_MANY_PATHS = frozenset({"list_files", "search", "glob.glob", "Path.scan"})
READS = _ONE_PATH | _MANY_PATHS
"""Calls that change nothing and ask nobody, unless the path is a sensitive one."""


@dataclass(slots=True, eq=False)
class EarlyRead:
    """A call that was made, and what came of it. `plan` makes it again."""

    name: str
    arguments: Mapping[str, object]
    plan: Plan
    answer: Answer | Exception
    holds: bool = True
    asked_again: anyio.Event | None = None  # set when `holds` is known

    def settled(self) -> ExternalSettledResult:
        """The answer for the program."""
        if isinstance(self.answer, Exception):
            return raising(self.answer)
        return {"return_value": self.answer.value}


@dataclass(slots=True)
class Record:
    """What was read ahead for one program.

    What is at one path is looked at again when the program begins, all paths at once: it counts only if it is still the
    same, for a user may have typed meanwhile. What goes through many files is not repeated; it shows them as they were
    when the line was written. Nothing counts any more after the program's first call that does more than read.
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
        again = [read for read in self._reads if read.name in _ONE_PATH]
        for read in again:
            read.asked_again = anyio.Event()
        if again:
            group.start_soon(self._ask_again, again)

    def end(self) -> None:
        """The program has ended: stop looking."""
        self._scope.cancel()

    async def take(self, name: str, arguments: Mapping[str, object]) -> EarlyRead | None:
        """The call, where it has been made before and would give the same now. It is given once."""
        if not self._reads:
            return None
        if name not in READS:
            self.forget()
        found = next((read for read in self._reads if read.name == name and read.arguments == arguments), None)
        if found is None:
            return None
        self._reads.remove(found)
        if found.asked_again is not None:
            await found.asked_again.wait()
        return found if found.holds else None

    async def _ask_again(self, reads: list[EarlyRead]) -> None:
        limiter = anyio.CapacityLimiter(AT_ONCE)
        with self._scope:
            async with anyio.create_task_group() as tasks:
                for read in reads:
                    tasks.start_soon(partial(_ask_again, read, limiter))


async def _ask_again(read: EarlyRead, limiter: anyio.CapacityLimiter) -> None:
    assert read.asked_again is not None
    async with limiter:
        try:
            now: Answer | Exception = await read.plan.perform(_unheard)
        except Exception as error:  # noqa: BLE001 - what a workspace raises is an answer too
            now = error
    read.holds = _same(read.answer, now)
    read.asked_again.set()


async def _unheard(_: object) -> None:
    """A read has no progress."""


def _same(before: Answer | Exception, now: Answer | Exception) -> bool:
    if isinstance(before, Exception) or isinstance(now, Exception):
        return type(before) is type(now) and str(before) == str(now)
    return before.value == now.value or repr(before.value) == repr(now.value)
