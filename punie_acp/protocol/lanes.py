"""Order among requests that run side by side: those of one lane begin in the order in which they came."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import anyio

if TYPE_CHECKING:
    from collections.abc import Generator


class Lane(NamedTuple):
    """Where a call stands in line."""

    name: str
    holds: bool  # whether calls of this lane that come later wait until it has been answered


@dataclass(frozen=True, slots=True)
class Place:
    """A call's place in its lane, taken when it was read."""

    before: anyio.Event | None  # set when the last one that holds the lane has been answered
    after: anyio.Event | None  # likewise for this one, where it holds the lane

    @property
    def is_free(self) -> bool:
        """Whether nothing has to be waited for."""
        return self.before is None or self.before.is_set()

    async def wait(self) -> None:
        """Wait until those before have been answered."""
        if self.before is not None and not self.before.is_set():
            await self.before.wait()


class Lanes:
    """The lanes of one connection. One exists as long as a call in it holds it."""

    def __init__(self) -> None:
        self._last: dict[str, anyio.Event] = {}

    def take_place(self, lane: Lane | None) -> Place:
        """The next place of `lane`. A call in no lane waits for none."""
        if lane is None:
            return Place(None, None)
        before = self._last.get(lane.name)
        if not lane.holds:
            return Place(before, None)
        after = self._last[lane.name] = anyio.Event()
        return Place(before, after)

    @contextmanager
    def held(self, lane: Lane | None, place: Place) -> Generator[None]:
        """Give the lane free on leaving, whatever happened."""
        try:
            yield
        finally:
            if lane is not None and place.after is not None:
                place.after.set()
                if self._last.get(lane.name) is place.after:
                    del self._last[lane.name]
