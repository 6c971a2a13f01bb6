"""One Monty session: the worker process in which the programs of one conversation run, and how it is brought back.

Facts about pydantic-monty 1.4 that shape this file (each has a test):

- Cancelling the task that waits for a worker loses the session, and a busy worker then blocks the way out. So the
  wait is never cancelled; the worker is killed instead, by the process id noted while it was idle.
- After a memory limit, or a killed worker, the session cannot be used again. So its state is dumped after each program
  (about 100 KB) and loaded into a new worker.
- A process that exits right after `AsyncMonty` closes is aborted now and then (SIGABRT, 6 of 75 here; 0 of 50 with a
  pause of 10 ms or more). So closing waits a little.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

import anyio
from pydantic_monty import MontyError

from punie_acp.codemode.environment import prelude, prelude_inputs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pydantic_monty import AsyncMonty, AsyncMontySession, AsyncSnapshot, ResourceLimits

    from punie_acp.codemode.guard import Guard

EXIT_PAUSE_SECONDS = 0.05
PROGRESS_SECONDS = 0.05
"""How often a waiting program's output is passed on."""


class WorkerKilledError(Exception):
    """The worker was killed: it did not stop by itself in time, or it crashed."""


class Session:
    """A Monty session with a way back. Only one program runs in it at a time."""

    def __init__(self, pool: AsyncMonty, root: Path, limits: ResourceLimits, guard: Guard) -> None:
        self.feeds = 0  # how many snippets were fed
        self._pool = pool
        self._limits = limits
        self._root = root
        self._guard = guard
        self._monty: AsyncMontySession | None = None
        self._stack = AsyncExitStack()
        self._saved: tuple[bytes, int] = (b"", 0)
        self._worker: int | None = None

    async def open(self) -> None:
        """Check a worker out and run the prelude in it."""
        self.feeds = 0
        await self._checkout()
        await self.feed(prelude(), lambda *_: None, prelude_inputs(self._root))
        await self.save()

    async def close(self) -> None:
        """Give the worker back."""
        with suppress(MontyError):
            await self._stack.aclose()

    async def prepare(self, limits: ResourceLimits) -> None:
        """Get ready for a program that runs under `limits`."""
        if limits == self._limits:
            return
        if self.feeds == 1:  # only the prelude: start over, for a session's limits can be tightened but not loosened
            self._limits = limits
            await self.close()
            await self.open()
        else:
            self._limits = limits
            await self.restore()

    async def feed(
        self, code: str, on_print: Callable[..., None], inputs: dict[str, object] | None = None
    ) -> AsyncSnapshot:
        """Start `code`; the first pause, or its end. Raises `MontyError`."""
        assert self._monty is not None
        self._note_worker()
        started = self._monty.feed_start(
            code, print_callback=on_print, inputs=inputs, cwd=str(self._root), skip_type_check=True
        )
        self.feeds += 1
        return await started

    async def load(self, dump: bytes, feeds: int, on_print: Callable[..., None]) -> AsyncSnapshot:
        """Go on, in another worker, with a program that was dumped while it was paused. Raises `MontyError`.

        `feeds`: how many snippets its session had been fed.
        """
        await self.close()
        await self._checkout()
        assert self._monty is not None
        self.feeds = feeds
        return await self._monty.load_snapshot(dump, print_callback=on_print)

    @property
    def next_name(self) -> str:
        """What Monty calls the snippet that is fed next."""
        return f"<python-input-{self.feeds}>"

    async def save(self) -> None:
        """Remember the state as it is now, so that it can be gone back to. Raises `MontyError`: it is too large."""
        assert self._monty is not None
        self._saved = (await self._monty.dump(), self.feeds)

    def fork(self) -> Session:
        """Another session that begins, once it is restored, with the state last saved here."""
        forked = Session(self._pool, self._root, self._limits, self._guard)
        forked._saved = self._saved
        return forked

    async def restore(self) -> None:
        """Back to the state last saved, in another worker if need be."""
        await self.close()
        await self._checkout()
        assert self._monty is not None
        state, self.feeds = self._saved
        await self._monty.load_session(state)

    async def _checkout(self) -> None:
        self._stack = AsyncExitStack()
        checkout = self._pool.checkout(limits=self._limits, script_name="program.py", print_flush_interval=0.02)
        self._monty = await self._stack.enter_async_context(checkout)
        self._note_worker()

    def _note_worker(self) -> None:
        assert self._monty is not None
        self._worker = self._monty.worker_pid
        self._guard.watch(self._worker)

    def kill(self) -> None:
        """End the worker, whatever it is doing. `restore` starts another."""
        if self._worker is not None:
            with suppress(ProcessLookupError):
                os.kill(self._worker, signal.SIGKILL)
            self._guard.forget(self._worker)

    async def settle(
        self, pending: Awaitable[AsyncSnapshot], seconds: float, meanwhile: Callable[[], Awaitable[bool]]
    ) -> AsyncSnapshot:
        """Wait for a worker, at most `seconds`; call `meanwhile` now and then, which says whether to go on.

        When the caller is cancelled or the time is up, the worker is killed and has ended before this returns.
        Raises `MontyError`, or `WorkerKilledError` after the time or where `meanwhile` said no.
        """
        future = asyncio.ensure_future(pending)
        until = time.monotonic() + seconds
        try:
            while not await _done_within(future, min(until - time.monotonic(), PROGRESS_SECONDS)):
                if not await meanwhile() or time.monotonic() >= until:
                    raise WorkerKilledError
            return future.result()
        except BaseException:
            if not future.done():
                self.kill()
                await _end(future)
            raise


async def _done_within(future: asyncio.Future[AsyncSnapshot], seconds: float) -> bool:
    """Wait for `future` without ever cancelling it. `asyncio.wait` does the same in twice the time."""
    loop = asyncio.get_running_loop()
    woken = loop.create_future()

    def wake(_: object = None) -> None:
        if not woken.done():
            woken.set_result(None)

    timer = loop.call_later(max(seconds, 0), wake)
    future.add_done_callback(wake)
    try:
        await woken
    finally:
        timer.cancel()
        future.remove_done_callback(wake)
    return future.done()


async def _end(future: asyncio.Future[AsyncSnapshot]) -> None:
    with anyio.CancelScope(shield=True), suppress(MontyError):
        await future
