"""Blocking work that ends soon after nobody waits for it any more."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


async def in_stoppable_thread(work: Callable[[Callable[[], bool]], T]) -> T:
    """Run `work` in a thread. When the caller is cancelled it is told to stop, and nobody waits for it."""
    stop = threading.Event()
    try:
        return await anyio.to_thread.run_sync(work, stop.is_set, abandon_on_cancel=True)
    finally:
        stop.set()
