"""Where a program ends by itself: `ProgramLimits` as Monty's limits, and the cut of what a program printed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_monty import ResourceLimits

    from punie_acp.codemode.events import ProgramLimits

FLOOD_FACTOR = 16
"""A program may print this many times its output limit before it is ended: what is over the limit is cut, not fatal."""

PRELUDE_BYTES = 2 * 1024 * 1024
"""Memory that our own prelude may take, on top of what the program is allowed."""

UNLIMITED_SUSPENSIONS = 1_000_000_000
"""Monty 1.4 ends a session after 1,000 suspensions by default; we count external calls, a program at a time."""

_MEMORY_MESSAGES = (
    "memory limit exceeded",
    "exceeded its memory limit",  # a large value on its way out: the worker has then been ended
)
_LIMIT_MESSAGES = (
    *_MEMORY_MESSAGES,
    "time limit exceeded",
    "suspension limit",
    "maximum recursion depth exceeded",
)


def monty_limits(limits: ProgramLimits) -> ResourceLimits:
    """What of `limits` Monty watches itself.

    Time is not among it: Monty 1.4 keeps the time limit under which a session was dumped, so a later program could not
    be given more, and a single long operation (`10**10**8`) escapes it. The worker is killed when the time is up.
    """
    return {
        "max_memory": limits.memory_bytes + PRELUDE_BYTES,
        "max_recursion_depth": limits.recursion,
        "max_suspensions": UNLIMITED_SUSPENSIONS,
    }


def is_limit_message(message: str) -> bool:
    """Whether Monty's error `message` ("MemoryError: memory limit exceeded: …") reports a limit."""
    return any(part in message for part in _LIMIT_MESSAGES)


def loses_state(message: str) -> bool:
    """Whether the session cannot be used after this limit: its heap stays full, or its worker has been ended."""
    return any(part in message for part in _MEMORY_MESSAGES)


@dataclass(slots=True)
class Output:
    """What a program printed: kept up to a limit, and handed on in pieces."""

    limit: int  # bytes
    flooded: bool = False  # far more was printed than is kept: the program should be ended
    _kept: list[str] = field(default_factory=list[str])
    _fresh: list[str] = field(default_factory=list[str])
    _unkept: int = 0  # how many pieces of `_kept` were taken
    _bytes: int = 0
    _cut: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)  # Monty prints from a thread of its own

    def add(self, text: str) -> None:
        """Take note of printed `text`."""
        with self._lock:
            self._add(text)

    def _add(self, text: str) -> None:
        size = len(text.encode("utf-8", "replace"))
        room = self.limit - self._bytes
        self._bytes += size
        self.flooded = self._bytes > self.limit * FLOOD_FACTOR
        if self._cut:
            return
        if size > room:
            self._cut = True
            text = text.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + "\n… (the rest was cut)\n"
        self._kept.append(text)
        self._fresh.append(text)

    def take_fresh(self) -> str:
        """What is new since the last time."""
        if not self._fresh:
            return ""
        with self._lock:
            text = "".join(self._fresh)
            self._fresh.clear()
        return text

    def take_unkept(self) -> str:
        """What is kept and new since this was last asked."""
        with self._lock:
            text = "".join(self._kept[self._unkept :])
            self._unkept = len(self._kept)
        return text

    def restore(self, text: str) -> None:
        """Have printed `text` before, in another process: it has been handed on and kept."""
        self.add(text)
        self.take_fresh()
        self.take_unkept()

    @property
    def text(self) -> str:
        """All that is kept."""
        return "".join(self._kept)
