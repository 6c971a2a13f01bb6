"""A `Progress` that remembers what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class RecordedProgress:
    """`started` holds (what, total) of each piece of work; `done` the bytes of the latest."""

    started: list[tuple[str, int | None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    done: int = 0

    def start(self, what: str, total: int | None) -> None:
        self.started.append((what, total))
        self.done = 0

    def advance(self, n: int) -> None:
        self.done += n

    def finish(self) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)
