"""The output of one command: decoded as it comes, kept up to a limit, passed on without holding the command up."""

from __future__ import annotations

import codecs
from collections import deque
from typing import TYPE_CHECKING

import anyio

from punie_acp.workspace.base import CommandProgress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KEPT_CHARACTERS = 1024 * 1024
"""Of each stream: half from its beginning, half from its end."""
_PROGRESS_EVERY = 0.05  # seconds between two progress reports: a chatty command must not flood the wire


class KeptOutput:
    """One stream: the first and the last part of it, with a line in between that says how much is missing."""

    def __init__(self, limit: int = KEPT_CHARACTERS) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._head: list[str] = []
        self._head_room = limit // 2
        self._tail: deque[str] = deque()
        self._tail_limit = limit - limit // 2
        self._tail_size = 0
        self._dropped = 0

    @property
    def truncated(self) -> bool:
        """Whether something is missing."""
        return self._dropped > 0

    def add(self, data: bytes, *, last: bool = False) -> str:
        """Take `data` in. Returns its text as far as it belongs to the beginning that is kept."""
        text = self._decoder.decode(data, last)
        early, late = text[: self._head_room], text[self._head_room :]
        if early:
            self._head.append(early)
            self._head_room -= len(early)
        if late:
            self._keep_last(late)
        return early

    def _keep_last(self, text: str) -> None:
        self._tail.append(text)
        self._tail_size += len(text)
        while self._tail_size > self._tail_limit:
            excess = self._tail_size - self._tail_limit
            first = self._tail.popleft()
            if len(first) > excess:
                self._tail.appendleft(first[excess:])
            gone = min(len(first), excess)
            self._dropped += gone
            self._tail_size -= gone

    def text(self) -> str:
        """What is kept."""
        missing = f"\n… {self._dropped} characters left out …\n" if self._dropped else ""
        return "".join(self._head) + missing + "".join(self._tail)


class Reporter:
    """Passes new output on, several pieces in one report, while the streams go on being read."""

    def __init__(self, on_progress: Callable[[CommandProgress], Awaitable[None]]) -> None:
        self._on_progress = on_progress
        self._waiting: list[str] = []
        self._news = anyio.Event()
        self._closed = False

    def add(self, text: str) -> None:
        """Note `text` for the next report."""
        if text:
            self._waiting.append(text)
            self._news.set()

    def close(self) -> None:
        """There will be no more: `run` returns after the last report."""
        self._closed = True
        self._news.set()

    async def run(self) -> None:
        """Report until closed."""
        while not self._closed or self._waiting:
            await self._news.wait()
            self._news = anyio.Event()
            if self._waiting:
                text = "".join(self._waiting)
                self._waiting.clear()
                await self._on_progress(CommandProgress(output=text))
            if not self._closed:
                with anyio.move_on_after(_PROGRESS_EVERY):
                    await self._wait_closed()

    async def _wait_closed(self) -> None:
        while not self._closed:
            await self._news.wait()
            if not self._closed:
                await anyio.sleep(_PROGRESS_EVERY)
