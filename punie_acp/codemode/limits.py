"""Where a program ends by itself: `ProgramLimits` as Monty's limits, and what is told of what a program printed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_monty import ResourceLimits

    from punie_acp.codemode.events import ProgramLimits
    from punie_acp.workspace.outputs import OutputFile

FLOOD_FACTOR = 16
"""A program may print this many times its output limit before it is ended: what is over it is left out, not fatal."""

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
    """What a program printed: its beginning and its end up to a limit, and handed on in pieces."""

    limit: int  # bytes
    file: OutputFile | None = None  # where it is whole, if it is over the limit
    flooded: bool = False  # far more was printed than is told: the program should be ended
    _kept: list[str] = field(default_factory=list[str])  # all, up to the flood
    _fresh: list[str] = field(default_factory=list[str])
    _unkept: int = 0  # how many pieces of `_kept` were taken
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)  # Monty prints from a thread of its own

    def add(self, text: str) -> None:
        """Take note of printed `text`."""
        with self._lock:
            self._add(text)

    def _add(self, text: str) -> None:
        if self.flooded:
            return
        data = text.encode("utf-8", "replace")
        room = self.limit - self._bytes
        self._bytes += len(data)
        self.flooded = self._bytes > self.limit * FLOOD_FACTOR
        self._kept.append(_beginning(data, self.limit) if self.flooded else text)
        if room > 0:
            self._fresh.append(text if len(data) <= room else _beginning(data, room))

    def keep(self) -> None:
        """Put what is too long to be told into `file`: the program prints no more."""
        with self._lock:
            keep_whole("".join(self._kept), self.limit, self.file)
            if self.file is not None:
                self.file.is_whole &= not self.flooded

    def end(self) -> None:
        """The program has ended: its last words are handed on too, where too many stood before them."""
        self.keep()
        with self._lock:
            data = "".join(self._kept).encode("utf-8", "replace")
            left = max(len(data) - self.limit, 0)
            told = min(left, self.limit // 2)
            if told < left:
                self._fresh.append(_left_out(left - told))
            if told:
                self._fresh.append(_end(data, told))

    def take_fresh(self) -> str:
        """What is new since the last time, as far as it is handed on."""
        if not self._fresh:
            return ""
        with self._lock:
            text = "".join(self._fresh)
            self._fresh.clear()
        return text

    def take_unkept(self) -> str:
        """What is new since this was last asked."""
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
        """What is told of it: all, or its beginning and its end."""
        return shortened("".join(self._kept), self.limit, self.file)


def keep_whole(text: str, limit: int, file: OutputFile | None) -> None:
    """Put `text` into `file`, if it has more than `limit` bytes."""
    if file is not None and len(text.encode("utf-8", "replace")) > limit:
        file.write(text)
        file.close()


def shortened(text: str, limit: int, file: OutputFile | None) -> str:
    """`text`, or its beginning and its end in at most `limit` bytes and, in between, where it is whole."""
    data = text.encode("utf-8", "replace")
    if len(data) <= limit:
        return text
    half = limit // 2
    return _beginning(data, half) + _left_out(len(data) - 2 * half, file) + _end(data, half)


def _beginning(data: bytes, size: int) -> str:
    return data[:size].decode("utf-8", "ignore")


def _end(data: bytes, size: int) -> str:
    return data[-size:].decode("utf-8", "ignore")


def _left_out(size: int, file: OutputFile | None = None) -> str:
    return f"\n… ({size} bytes left out{file.note() if file is not None else ''}) …\n"
