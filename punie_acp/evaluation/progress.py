"""How far an evaluation has come: a bar with the time left on a terminal, else one line a task."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from punie_acp.evaluation.results import Record
    from punie_acp.evaluation.runner import Watch


def outcome_line(record: Record) -> str:
    """A task's end in a line."""
    word = "passed" if record.passed else f"failed ({record.cause})"
    return f"{record.arm:<12} {record.task:<32} {record.seconds:6.1f} s  {record.turns} turns  {word}"


def fewer_line(jobs: int, reason: str) -> str:
    """That another agent could not be started."""
    return f"{jobs} at once, not more: {reason}"


def left_out_line(arm: str, reason: str) -> str:
    """That an arm is not run."""
    return f"{arm:<12} left out: {reason}"


class Lines:
    """A line a task, with the time that is left by the mean of the tasks so far."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._began = time.monotonic()

    def begin(self, arm: str, task: str) -> None:
        """Nothing is said of a task before its end."""

    def end(self, record: Record) -> None:
        """Say how a task ended."""
        self._done += 1
        left = (time.monotonic() - self._began) / self._done * (self._total - self._done)
        self._console.print(f"[{self._done}/{self._total}, {left:.0f} s left] {outcome_line(record)}", markup=False)

    def fewer(self, jobs: int, reason: str) -> None:
        """Say how many run at once, and why not more."""
        self._console.print(fewer_line(jobs, reason), markup=False)

    def left_out(self, arm: str, reason: str) -> None:
        """Say which arm is not run, and why."""
        self._console.print(left_out_line(arm, reason), markup=False)


class Bar:
    """One bar for all tasks; failures stay above it."""

    def __init__(self, progress: Progress, bar: TaskID) -> None:
        self._progress = progress
        self._bar = bar

    def begin(self, arm: str, task: str) -> None:
        """Name the task that runs."""
        self._progress.update(self._bar, description=f"{arm} {task}")

    def end(self, record: Record) -> None:
        """Move the bar on."""
        self._progress.advance(self._bar)
        if not record.passed:
            self._progress.console.print(outcome_line(record), markup=False, highlight=False)

    def fewer(self, jobs: int, reason: str) -> None:
        """Say above the bar how many run at once, and why not more."""
        self._progress.console.print(fewer_line(jobs, reason), markup=False, highlight=False)

    def left_out(self, arm: str, reason: str) -> None:
        """Say above the bar which arm is not run, and why."""
        self._progress.console.print(left_out_line(arm, reason), markup=False, highlight=False)


@contextmanager
def shown_progress(console: Console, total: int) -> Generator[Watch]:
    """Whoever is told how far it has come, for `total` tasks, on `console`."""
    if not console.is_terminal:
        yield Lines(console, total)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bar(progress, progress.add_task("starting the agent", total=total))
