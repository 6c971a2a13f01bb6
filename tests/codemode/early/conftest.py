"""Programs that are run while they are written, piece by piece, without a clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.codemode.conftest import LIMITS, Lab, Ran, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from punie_acp.codemode.early.ahead import ReadingAhead


PATIENT = replace(LIMITS, seconds=600.0)
"""The laboratory's limits, for a machine that has no time for us."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Written:
    """A program that was read ahead: what had been shown when it was complete, and the whole of it."""

    early: list = field(default_factory=list)  # events before the program itself ran
    ran: Ran | None = None

    @property
    def titles(self) -> list[str]:
        """Of the calls that were made early."""
        return [event.title for event in self.early if hasattr(event, "title")]


async def settled(ahead: ReadingAhead) -> None:
    """Wait until all that can run of what is written has run."""
    with anyio.fail_after(120):
        while not (ahead._over or (not ahead._news.is_set() and ahead._news.statistics().tasks_waiting)):  # noqa: ASYNC110
            await anyio.sleep(0.001)


async def write_and_run(
    sandbox, watcher, program_id, code, *, states=None, meanwhile=lambda: None, final=None, limits=PATIENT, keeper=None
):
    """Write `code` line by line (or as `states` say), do `meanwhile`, and run it, or `final` instead of it."""
    written = Written()
    ahead = sandbox.read_ahead(program_id, watcher, limits)
    lines = code.splitlines(keepends=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ahead.run)
        for state in states or ["".join(lines[:end]) for end in range(1, len(lines) + 1)]:
            ahead.written(state)
            await settled(ahead)
        await ahead.end()
    written.early = list(watcher.events)
    meanwhile()
    program = code if final is None else final
    outcome = await sandbox.run(program, program_id=program_id, observer=watcher, limits=limits, keeper=keeper)
    written.ran = Ran(outcome, watcher)
    return written


@dataclass
class Desk:
    """Where programs are written."""

    lab: Lab

    @property
    def root(self):
        return self.lab.root

    def write(self, code: str, *, refuse: Callable = lambda _: None, watcher: Watcher | None = None, **how) -> Written:
        """Write and run a program; see `write_and_run`."""
        self.lab.programs += 1
        program_id = f"t/{self.lab.programs}"
        watching = watcher or Watcher(refuse)
        return self.lab.portal.call(lambda: write_and_run(self.lab.sandbox, watching, program_id, code, **how))


@pytest.fixture
def desk(lab) -> Desk:
    return Desk(lab)
