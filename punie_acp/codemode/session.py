"""One Monty session: the worker process in which the programs of one conversation run, and how it is brought back.

After a memory limit, or a killed worker, a session of pydantic-monty 1.4 cannot be used again. So its state is dumped
after each program (about 100 KB) and loaded into a new worker.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING, TypeVar

from punie_acp.codemode.environment import prelude, prelude_inputs
from punie_acp.codemode.worker import Worker, may_go_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pydantic_monty import Monty, MontySession, ResourceLimits, SyncSnapshot

    from punie_acp.codemode.guard import Guard

T = TypeVar("T")


class Session:
    """A Monty session with a way back. Only one program runs in it at a time.

    `feed`, `load`, and the `resume` of what they give, wait for the worker: `settle` has them done in its thread.
    """

    def __init__(self, pool: Monty, root: Path, limits: ResourceLimits, guard: Guard) -> None:
        self.feeds = 0  # how many snippets were fed
        self._pool = pool
        self._limits = limits
        self._root = root
        self._guard = guard
        self._worker: Worker | None = None
        self._saved: tuple[bytes, int] = (b"", 0)

    async def open(self) -> None:
        """Check a worker out and run the prelude in it."""
        self.feeds = 0
        await self.renew()
        await self.settle(partial(self.feed, prelude(), lambda *_: None, prelude_inputs(self._root)))
        await self.save()

    async def close(self) -> None:
        """Give the worker back."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close()

    async def prepare(self, limits: ResourceLimits) -> None:
        """Get ready for a program that runs under `limits`."""
        if limits == self._limits:
            return
        self._limits = limits
        if self.feeds == 1:  # only the prelude: start over, for a session's limits can be tightened but not loosened
            await self.open()
        else:
            await self.restore()

    def feed(self, code: str, on_print: Callable[..., None], inputs: dict[str, object] | None = None) -> SyncSnapshot:
        """Start `code`; the first pause, or its end. Raises `MontyError`."""
        self.feeds += 1
        return self._monty.feed_start(
            code, print_callback=on_print, inputs=inputs, cwd=str(self._root), skip_type_check=True
        )

    def load(self, dump: bytes, feeds: int, on_print: Callable[..., None]) -> SyncSnapshot:
        """Go on, in a worker that is new (`renew`), with a program that was dumped while it was paused.

        `feeds`: how many snippets its session had been fed. Raises `MontyError`.
        """
        self.feeds = feeds
        return self._monty.load_snapshot(dump, print_callback=on_print)

    @property
    def next_name(self) -> str:
        """What Monty calls the snippet that is fed next."""
        return f"<python-input-{self.feeds}>"

    async def save(self) -> None:
        """Remember the state as it is now, so that it can be gone back to. Raises `MontyError`: it is too large."""
        self._saved = (await self.settle(self._monty.dump), self.feeds)

    def fork(self) -> Session:
        """Another session that begins, once it is restored, with the state last saved here."""
        forked = Session(self._pool, self._root, self._limits, self._guard)
        forked._saved = self._saved
        return forked

    async def restore(self) -> None:
        """Back to the state last saved, in another worker if need be."""
        await self.renew()
        state, self.feeds = self._saved
        await self.settle(partial(self._monty.load_session, state))

    async def renew(self) -> None:
        """Begin with nothing, in another worker if need be."""
        await self.close()
        monty = self._pool.checkout(limits=self._limits, script_name="program.py", print_flush_interval=0.02)
        worker = Worker(monty, self._guard)
        await worker.open()
        self._worker = worker

    @property
    def _monty(self) -> MontySession:
        assert self._worker is not None
        return self._worker.monty

    def kill(self) -> None:
        """End the worker, whatever it is doing. `restore` starts another."""
        if self._worker is not None:
            self._worker.kill()

    def rest(self) -> None:
        """The program has ended; as `Worker.rest`."""
        if self._worker is not None:
            self._worker.rest()

    def settle(
        self, turn: Callable[[], T], seconds: float = inf, meanwhile: Callable[[], Awaitable[bool]] = may_go_on
    ) -> Awaitable[T]:
        """Have the worker do `turn`, in at most `seconds`; as `Worker.run`."""
        assert self._worker is not None
        return self._worker.run(turn, seconds, meanwhile)
