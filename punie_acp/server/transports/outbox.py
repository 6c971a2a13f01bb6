"""Lines that wait for a client to fetch them from an event stream."""

from __future__ import annotations

from collections import deque

import anyio

MAX_LINES = 256  # when so many wait, the sender does, too


class Outbox:
    """The lines of one stream, in order. They wait here until the client opens the stream, and while it reopens it."""

    def __init__(self) -> None:
        self.in_use = False  # whether the client is known to fetch from here
        self._lines: deque[bytes] = deque()
        self._ended = False
        self._changed = anyio.Event()
        self._reader = 0  # counts those who came to read; only the last one may

    async def put(self, line: bytes) -> None:
        """Add a line, waiting while too many do. Raises `anyio.BrokenResourceError` where the stream has ended."""
        while len(self._lines) >= MAX_LINES and not self._ended:
            await self._changed.wait()
        if self._ended:
            raise anyio.BrokenResourceError
        self._lines.append(line)
        self._wake()

    def end(self) -> None:
        """Let the reader go when it has read what is there; take nothing more."""
        self._ended = True
        self._wake()

    def begin_reading(self) -> int:
        """Become the reader. An earlier one, whose connection may be dead unnoticed, reads no more."""
        self.in_use = True
        self._reader += 1
        self._wake()
        return self._reader

    async def next_lines(self, reader: int) -> list[bytes]:
        """All lines that are there, at least one; none when the stream is over for `reader`. They stay until `drop`."""
        while reader == self._reader:
            if self._lines or self._ended:
                return list(self._lines)
            await self._changed.wait()
        return []

    def drop(self, reader: int, count: int) -> None:
        """`reader` has passed on so many lines; if it is not the last one who came, they are passed on once more."""
        if reader == self._reader:
            for _ in range(count):
                self._lines.popleft()
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
