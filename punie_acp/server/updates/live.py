"""Output while it grows, for clients that must be sent it anew each time (ACP v1: `content` replaces).

What is sent costs O(n): for n characters so far, all snapshots together have at most `BASE + FACTOR * n` characters.
A snapshot shows the end of the output, as much of it as that allows, so that a flood is seen in large steps, and a slow
output line by line. Nothing is lost by it: the last update of a call has its output, cut to `RESULT_CHARACTERS`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from punie_acp.server.updates import wire
from punie_acp.workspace.output import KeptText

if TYPE_CHECKING:
    from punie_acp.server.updates.wire import Content

SECONDS_BETWEEN = 0.1  # updates of one tool call
PROGRESS_CHARACTERS = 16_000  # of output shown in one snapshot
BASE = 64 * 1024  # characters
FACTOR = 8
ENVELOPE = 320  # characters of an update around its content: more than it has
LEAST = 240  # characters that are worth a snapshot


class Snapshots:
    """How much may be sent of something that grows, and when."""

    def __init__(self, base: int, seconds_between: float) -> None:
        """`base`: what may be sent however little there is to show, in characters."""
        self._room = base
        self._seconds_between = seconds_between
        self._sent = 0.0  # monotonic time of the last one

    @property
    def room(self) -> int:
        """How many characters a snapshot may show now."""
        return self._room - ENVELOPE

    def grow(self, characters: int) -> None:
        """There is so much more to show."""
        self._room += FACTOR * characters

    def is_due(self) -> bool:
        """Whether the last one is long enough ago."""
        return time.monotonic() - self._sent >= self._seconds_between

    def spend(self, characters: int) -> None:
        """A snapshot with so much content is sent."""
        self._room -= ENVELOPE + characters
        self._sent = time.monotonic()


class LiveOutput:
    """The output of a call or program that is still open."""

    def __init__(self, base: int, seconds_between: float) -> None:
        self.snapshots = Snapshots(base, seconds_between)
        self._kept = KeptText(wire.RESULT_CHARACTERS)

    def add(self, text: str) -> None:
        """There is more."""
        self._kept.add(text)
        self.snapshots.grow(len(text))

    def snapshot(self, before: list[Content], size_before: int = 0) -> list[Content] | None:
        """`before` (of `size_before` characters) and the end of the output. None: it would cost too much now."""
        total = self._kept.total
        shown = min(total, PROGRESS_CHARACTERS, self.snapshots.room - size_before)
        if shown < min(total, LEAST):
            return None
        self.snapshots.spend(size_before + shown)
        head = "" if shown == total else f"… {total - shown} characters before\n"
        return [*before, *wire.console(head + self._kept.end(shown))]

    def text(self) -> str:
        """All of it, cut in the middle where it is long."""
        return self._kept.text()
