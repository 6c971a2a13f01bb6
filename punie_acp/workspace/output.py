"""The output of one command: decoded as it comes, kept up to a limit, passed on as long as somebody takes it."""

from __future__ import annotations

import codecs
from collections import deque
from typing import TYPE_CHECKING

import anyio

from punie_acp.workspace.base import CommandProgress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from punie_acp.workspace.outputs import OutputFile

KEPT_CHARACTERS = 1024 * 1024
"""Of each stream: half from its beginning, half from its end."""
WAITING_CHARACTERS = 1024 * 1024
"""Of output that nobody has taken yet: from then on the command waits, as one whose pipe is full."""
_PROGRESS_EVERY = 0.05  # seconds between two progress reports: a chatty command must not flood the wire


class KeptText:
    """The first and the last part of a text that grows, with a line in between that says how much is missing."""

    def __init__(self, limit: int) -> None:
        """`limit` in characters."""
        self._head: list[str] = []
        self._head_room = limit // 2
        self._tail: deque[str] = deque()
        self._tail_limit = limit - limit // 2
        self._tail_size = 0
        self.total = 0  # characters, those that are missing too
        self.dropped = 0  # characters

    def add(self, text: str) -> None:
        """Take `text` in."""
        self.total += len(text)
        early, late = text[: self._head_room], text[self._head_room :]
        if early:
            self._head.append(early)
            self._head_room -= len(early)
        if late:
            self._keep_last(late)

    def _keep_last(self, text: str) -> None:
        self._tail.append(text)
        self._tail_size += len(text)
        while self._tail_size > self._tail_limit:
            excess = self._tail_size - self._tail_limit
            first = self._tail.popleft()
            if len(first) > excess:
                self._tail.appendleft(first[excess:])
            gone = min(len(first), excess)
            self.dropped += gone
            self._tail_size -= gone

    def text(self, note: str = "") -> str:
        """What is kept. `note` is added to how much is missing."""
        missing = f"\n… {self.dropped} characters left out{note} …\n" if self.dropped else ""
        return "".join(self._head) + missing + "".join(self._tail)

    def end(self, characters: int) -> str:
        """The last `characters`, at most half the limit of a text that was cut."""
        tail = "".join(self._tail)
        if characters > len(tail) and not self.dropped:
            tail = "".join(self._head) + tail
        return tail[-characters:] if characters else ""


class KeptOutput:
    """One stream of a command: bytes in, text out. What is longer than the limit is whole in `file`."""

    def __init__(self, limit: int = KEPT_CHARACTERS, file: OutputFile | None = None) -> None:
        self._limit = limit
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._kept = KeptText(limit)

    @property
    def truncated(self) -> bool:
        """Whether something is missing."""
        return self._kept.dropped > 0

    def add(self, data: bytes, *, last: bool = False) -> str:
        """Take `data` in. Returns its text."""
        text = self._decoder.decode(data, last)
        if self._file is not None and self._kept.total + len(text) > self._limit:
            self._file.write(text if self._file.path else self._kept.text() + text)
        self._kept.add(text)
        return text

    def close(self) -> None:
        """There will be no more."""
        if self._file is not None:
            self._file.close()

    def text(self) -> str:
        """What is kept, and where the whole is."""
        return self._kept.text(self._file.note() if self._file is not None else "")


class Reporter:
    """Passes new output on, several pieces in one report, while the streams go on being read."""

    def __init__(self, on_progress: Callable[[CommandProgress], Awaitable[None]]) -> None:
        self._on_progress = on_progress
        self._waiting: list[str] = []
        self._size = 0  # characters waiting
        self._news = anyio.Event()
        self._taken = anyio.Event()
        self._full = anyio.Event()
        self._hurried = False
        self._closed = False

    def add(self, text: str) -> None:
        """Note `text` for the next report."""
        if text:
            self._waiting.append(text)
            self._size += len(text)
            self._news.set()
        if self._size > WAITING_CHARACTERS // 2:
            self._full.set()

    async def room(self) -> None:
        """Wait while too much is waiting, so that memory stays flat. Not after `hurry`."""
        while self._size > WAITING_CHARACTERS and not self._hurried:
            self._taken = anyio.Event()
            await self._taken.wait()

    def hurry(self) -> None:
        """The command has ended and there is little more: nobody waits for room, whoever takes it."""
        self._hurried = True
        self._taken.set()

    def close(self) -> None:
        """There will be no more: `run` returns after the last report."""
        self._closed = True
        self._news.set()
        self._full.set()

    async def run(self) -> None:
        """Report until closed."""
        while not self._closed or self._waiting:
            await self._news.wait()
            self._news = anyio.Event()
            if self._waiting:
                await self._report()
            if not self._closed:
                with anyio.move_on_after(_PROGRESS_EVERY):
                    await self._full.wait()

    async def _report(self) -> None:
        text = "".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        if not self._closed:
            self._full = anyio.Event()
        self._taken.set()
        await self._on_progress(CommandProgress(output=text))
