"""A worker on the core of the thread that waits for it, while both only pass work to and fro.

A call goes through six threads one after the other: the event loop's, the worker's in our process, one of Monty's
library, two of the worker's process, and back. Linux spreads them over the cores, so that each step wakes a core that
has gone to sleep, and finds its caches cold: on one core a call takes half the time (`benchmarks/calls.py`). A worker
that computes for longer may go anywhere again. macOS does not let a thread choose; there nothing of this is done.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LIBRARY_THREAD = "tokio-rt-worker"
"""The name of the threads by which Monty's library speaks with its workers."""

_current_core: Callable[[], int] | None = (
    getattr(ctypes.CDLL(None), "sched_getcpu", None) if sys.platform == "linux" else None
)


class OneCore:
    """The threads of one worker, and where they are. Entered by the thread that waits for it, while it waits."""

    def __init__(self, pid: int, thread: int, current_core: Callable[[], int]) -> None:
        """As `of`, where there is a choice."""
        self._pid = pid
        self._thread = thread
        self._current_core = current_core
        self._anywhere = os.sched_getaffinity(0)
        self._library = [thread for thread in _threads_of("self") if _name_of(thread) == LIBRARY_THREAD]
        self._core: set[int] | None = None  # None: they may be anywhere
        self.part()  # a process begins where the thread was that started it

    @classmethod
    def of(cls, pid: int, thread: int) -> OneCore | None:
        """Of the worker's process, and the thread in which everything is asked of it. None: there is no choice."""
        if _current_core is None or len(os.sched_getaffinity(0)) < 2:
            return None
        return cls(pid, thread, _current_core)

    def __enter__(self) -> None:
        """Come together, and stay on this core while waiting."""
        if self._core is None:
            self._core = {self._current_core()}
            self._place(self._core)
        _place(0, self._core)

    def __exit__(self, *_: object) -> None:
        """The waiting thread may go anywhere again: it has more to do than this, and so have its children."""
        _place(0, self._anywhere)

    @property
    def together(self) -> bool:
        """Whether they are on one core."""
        return self._core is not None

    def part(self) -> None:
        """The worker computes: it may go anywhere."""
        self._core = None
        self._place(self._anywhere)

    def _place(self, cores: Iterable[int]) -> None:
        for thread in (self._thread, *self._library, *_threads_of(self._pid)):
            _place(thread, cores)


def _place(thread: int, cores: Iterable[int]) -> None:
    with suppress(OSError):  # it has ended, or the cores are not ours any more
        os.sched_setaffinity(thread, cores)


def _threads_of(process: int | str) -> list[int]:
    try:
        return [int(folder.name) for folder in Path(f"/proc/{process}/task").iterdir()]
    except OSError:
        return []


def _name_of(thread: int) -> str:
    try:
        return Path(f"/proc/self/task/{thread}/comm").read_text().strip()
    except OSError:
        return ""
