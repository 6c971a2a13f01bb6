"""A worker process of Monty's, and the thread in which everything is asked of it.

Monty has an asyncio interface too, whose way from a worker to the event loop and back takes three rounds of the loop:
a pause and its resume cost 0.09 ms by it, 0.02 ms by the blocking one, and 0.05 ms by the blocking one in a thread that
is waited for (`benchmarks/calls.py`). Facts about pydantic-monty 1.4 that shape this file (each has a test):

- A process that exits right after an `AsyncMonty` has closed is aborted now and then. None was after a `Monty`.
- What a worker does ends early only with the worker, and its session cannot be closed before. So whoever does not wait
  for a turn any longer kills the worker, by the process id noted while it was idle; its thread is then free at once.
- A process may end while a thread of it waits for a worker: one that is a daemon neither keeps it nor crashes it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from functools import partial
from math import inf
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
from pydantic_monty import MontyError

from punie_acp.codemode.onecore import OneCore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from pydantic_monty import MontySession

    from punie_acp.codemode.guard import Guard

T = TypeVar("T")

PROGRESS_SECONDS = 0.05
"""How often somebody who waits for a turn is heard whether it may go on."""
BRIEF_SECONDS = 0.0003
"""A turn is waited for so long without the event loop: most end sooner, and a round of the loop takes 0.03 ms."""
GIVE_WAY_SECONDS = 0.005
"""At least so often the loop gets a round, so that nobody else waits long for a program that makes many calls."""


class WorkerKilledError(Exception):
    """The worker was killed: it did not stop by itself in time, or it crashed."""


async def may_go_on() -> bool:
    """What is heard meanwhile of a turn that only ends by itself, or when its time is up."""
    return True


class Worker:
    """A worker that is checked out of a pool by `open` and given back by `close`. It does one turn at a time."""

    def __init__(self, monty: MontySession, guard: Guard) -> None:
        """`monty` has not been entered. `guard` ends the worker if this process is killed."""
        self.monty = monty
        self.pid: int | None = None  # until it is open, and once it was killed
        self._guard = guard
        self._turns: SimpleQueue[Turn[Any] | None] = SimpleQueue()
        self._gave_way = -inf  # monotonic seconds
        self._core: OneCore | None = None  # while it is open

    async def open(self) -> None:
        """Start the thread, and check the worker out."""
        thread = Thread(target=_do_turns, args=(self._turns,), name="monty", daemon=True)
        thread.start()
        try:
            await self.run(self.monty.__enter__)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.close()
            raise
        self.pid = self.monty.worker_pid
        assert self.pid is not None
        self._guard.watch(self.pid)
        self._core = OneCore.of(self.pid, thread.native_id or 0)

    async def close(self) -> None:
        """Give the worker back, and end the thread."""
        try:
            with suppress(MontyError):
                await self.run(partial(self.monty.__exit__, None, None, None))
        finally:
            self._turns.put(None)

    def kill(self) -> None:
        """End the process, whatever it is doing. A turn that it is doing raises `MontyError`."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._guard.forget(self.pid)
            self.pid = self._core = None

    def rest(self) -> None:
        """Nobody waits for it all the time now: it may be on any core."""
        if self._core is not None and self._core.together:
            self._core.part()

    def run(
        self, do: Callable[[], T], seconds: float = inf, meanwhile: Callable[[], Awaitable[bool]] = may_go_on
    ) -> Awaitable[T]:
        """Have `do` done in the thread, from now on, and wait for its end, at most `seconds`.

        `meanwhile` is called now and then: may it go on? When the caller is cancelled or the time is up, the worker is
        killed and has ended before this returns. Raises what `do` raises, or `WorkerKilledError` after the time or
        where `meanwhile` said no.
        """
        return self._ended(self._put(do), self._core, seconds, meanwhile)

    def begin(self, do: Callable[[], T]) -> Turn[T]:
        """Have `do` done in the thread, and go on meanwhile. Somebody has to wait for its end.

        Who goes on computing would keep the thread from its first step: it has the interpreter's lock until then.
        """
        taken = Lock()
        taken.acquire()
        turn = self._put(partial(_tell, taken, do))
        taken.acquire(timeout=BRIEF_SECONDS)
        return turn

    def _put(self, do: Callable[[], T]) -> Turn[T]:
        turn = Turn(do)
        self._turns.put(turn)
        return turn

    def ended(self, turn: Turn[T]) -> Coroutine[None, None, T]:
        """Wait for the end of a turn that was begun; as `run`."""
        return self._ended(turn, None, inf, may_go_on)

    async def _ended(
        self, turn: Turn[T], core: OneCore | None, seconds: float, meanwhile: Callable[[], Awaitable[bool]]
    ) -> T:
        """As `run`. `core`: where thread and worker are to be; not where the caller has something else to do there."""
        began = time.monotonic()
        if began - self._gave_way < GIVE_WAY_SECONDS and _ends_soon(turn, core):
            return turn.result()
        try:
            while not await turn.has_ended_within(min(began + seconds - time.monotonic(), PROGRESS_SECONDS)):
                self.rest()
                if not await meanwhile() or time.monotonic() >= began + seconds:
                    raise WorkerKilledError
        except BaseException:
            if not turn.has_ended:
                self.kill()
                with anyio.CancelScope(shield=True):
                    await turn.has_ended_within(inf)
            raise
        self._gave_way = time.monotonic()
        return turn.result()


class Turn(Generic[T]):
    """What a worker's thread is to do, and what came of it."""

    def __init__(self, do: Callable[[], T]) -> None:
        self.has_ended = False
        self._do = do
        self._open = Lock()  # until it has ended
        self._open.acquire()
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        self._value: T | None = None
        self._error: BaseException | None = None

    def take(self) -> None:
        """Do it, in the thread."""
        try:
            self._value = self._do()
        except BaseException as error:  # noqa: BLE001 - it is raised where the turn is waited for
            self._error = error
        self.has_ended = True
        self._open.release()
        if self._waiting is not None:  # else it has not been set yet, and then `has_ended` will be seen
            loop, woken = self._waiting
            with suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(_wake, woken)

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end, and keep the event loop waiting too."""
        return self._open.acquire(timeout=seconds)

    async def has_ended_within(self, seconds: float) -> bool:
        """Wait for its end, at least one round of the event loop."""
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        self._waiting = loop, woken
        if self.has_ended:
            await asyncio.sleep(0)
            return True
        timer = loop.call_later(max(seconds, 0), _wake, woken) if seconds < inf else None
        try:
            await woken
        finally:
            if timer is not None:
                timer.cancel()
        return self.has_ended

    def result(self) -> T:
        """What `do` gave, or raised."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


def _tell(taken: Lock, do: Callable[[], T]) -> T:
    """Do it, and say first that it has begun."""
    taken.release()
    return do()


def _ends_soon(turn: Turn[Any], core: OneCore | None) -> bool:
    if core is None:
        return turn.ends_within(BRIEF_SECONDS)
    with core:
        return turn.ends_within(BRIEF_SECONDS)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _do_turns(turns: SimpleQueue[Turn[Any] | None]) -> None:
    while (turn := turns.get()) is not None:
        turn.take()
        del turn  # and what it holds, while nothing is to be done
