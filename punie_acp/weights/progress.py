"""How a long piece of work tells the user where it is: a bar on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import TaskID

_LINE_SECONDS = 5.0


class Progress(Protocol):
    """Told about one piece of work at a time. Amounts are bytes."""

    def start(self, what: str, total: int | None) -> None:
        """A piece of work begins; `total` is None if nobody knows how large it is."""
        ...

    def advance(self, n: int) -> None:
        """`n` more bytes are done."""
        ...

    def finish(self) -> None:
        """The piece of work is over, done or not. Called again, it does nothing."""
        ...

    def note(self, text: str) -> None:
        """A sentence that should stay on the screen."""
        ...


def progress_for(stream: TextIO | None = None) -> Progress:
    """The bar if `stream` (stderr unless given) is a terminal, else plain lines."""
    target: TextIO = stream or sys.stderr
    return TerminalProgress(target) if target.isatty() else PlainProgress(target)


class PlainProgress:
    """A line when work starts and ends, and in between every 5 % but no more often than every five seconds."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._what = ""
        self._total: int | None = None
        self._done = 0
        self._started = self._said_at = 0.0
        self._said_share = 0.0

    def start(self, what: str, total: int | None) -> None:
        self.finish()
        self._what, self._total, self._done = what, total, 0
        self._started = self._said_at = self._clock()
        self._said_share = 0.0
        self._say(f"{what}: {size_text(total)}" if total else what)

    def advance(self, n: int) -> None:
        self._done += n
        now = self._clock()
        share = self._done / self._total if self._total else 1.0
        if now - self._said_at >= _LINE_SECONDS and (share - self._said_share >= 0.05 or not self._total):
            self._said_at, self._said_share = now, share
            self._say(f"{self._what}: {self._state(now)}")

    def finish(self) -> None:
        if self._what:
            seconds = self._clock() - self._started
            self._say(f"{self._what}: {size_text(self._done)} in {seconds:.0f} s")
            self._what = ""

    def note(self, text: str) -> None:
        self._say(text)

    def _state(self, now: float) -> str:
        rate = self._done / max(now - self._started, 1e-9)
        if not self._total:
            return f"{size_text(self._done)}, {size_text(int(rate))}/s"
        left = (self._total - self._done) / max(rate, 1.0)
        share = 100 * self._done // self._total
        return f"{share} % of {size_text(self._total)}, {size_text(int(rate))}/s, {time_text(left)} left"

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class TerminalProgress:
    """A bar with bytes, rate and time left, drawn by rich."""

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as Bars

        self._console = Console(file=stream or sys.stderr)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task: TaskID | None = None

    def start(self, what: str, total: int | None) -> None:
        self.finish()
        self._task = self._bars.add_task(what, total=total)
        self._bars.start()

    def advance(self, n: int) -> None:
        if self._task is not None:
            self._bars.advance(self._task, n)

    def finish(self) -> None:
        if self._task is None:
            return
        self._bars.stop()
        self._bars.remove_task(self._task)
        self._task = None

    def note(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)


def size_text(size: int) -> str:
    """A size in decimal units, as disks are sold and downloads are counted: 1117 MB is "1.1 GB"."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} B"


def time_text(seconds: float) -> str:
    """`75` is "1 min 15 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
