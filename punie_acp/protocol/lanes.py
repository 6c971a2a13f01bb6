"""Order among requests that run side by side: those of one lane begin in the order in which they came."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import anyio

if TYPE_CHECKING:
    from collections.abc import Generator


class Lane(NamedTuple):
    """Where a call stands in line."""

    name: str
    holds: bool  # whether calls of this lane that come later wait until it has been answered


@dataclass(slots=True)
class Place:
    """A call's place in its lane, taken when it was read."""

    before: Place | None = None  # the last one that holds the lane
    left: anyio.Event = field(default_factory=anyio.Event)

    @property
    def is_free(self) -> bool:
        """Whether nothing has to be waited for."""
        return not self._unfinished()

    async def wait(self) -> None:
        """Wait until all those before have been answered."""
        for place in self._unfinished():
            await place.left.wait()
        self.before = None

    def _unfinished(self) -> list[Place]:
        """Those before that still hold the lane. One that was cancelled has left it, but not those before it."""
        found: list[Place] = []
        place = self.before
        while place is not None:
            if not place.left.is_set():
                found.append(place)
            place = place.before
        return found


class Lanes:
    """The lanes of one connection. One exists as long as a call holds it."""

    def __init__(self) -> None:
        self._last: dict[str, Place] = {}

    def take_place(self, lane: Lane | None, *, stays: bool = True) -> Place:
        """The next place of `lane`. A call in no lane waits for none; one that does not stay holds none."""
        if lane is None:
            return Place()
        place = Place(self._last.get(lane.name))
        if lane.holds and stays:
            self._last[lane.name] = place
        return place

    @contextmanager
    def held(self, lane: Lane | None, place: Place) -> Generator[None]:
        """Leave the lane at the end, whatever happened."""
        try:
            yield
        finally:
            place.left.set()
            last = self._last.get(lane.name) if lane is not None and lane.holds else None
            if lane is not None and last is not None and last.left.is_set() and last.is_free:
                del self._last[lane.name]
