"""How the events of one request cross from the engine's thread to the event loop."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import anyio

from punie_acp.inference.types import EngineError, EngineEvent, GenerationFinished

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream


class RequestEvents:
    """The events of one request, as they arrive. Iterated on the event loop, filled from the engine's thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # No bound is needed: a request emits at most `max_tokens` events and one a prefill step.
        streams = anyio.create_memory_object_stream[EngineEvent | EngineError](math.inf)
        self._sending: MemoryObjectSendStream[EngineEvent | EngineError] = streams[0]
        self._receiving: MemoryObjectReceiveStream[EngineEvent | EngineError] = streams[1]

    def __aiter__(self) -> AsyncIterator[EngineEvent]:
        return self

    async def __anext__(self) -> EngineEvent:
        try:
            event = await self._receiving.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            raise StopAsyncIteration from None
        if isinstance(event, EngineError):
            raise event
        return event

    def send(self, event: EngineEvent | EngineError) -> bool:
        """From any thread. False where the event loop is gone, and nobody can be listening."""
        try:
            self._loop.call_soon_threadsafe(self._deliver, event)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def close(self) -> None:
        """On the event loop: nobody listens any more."""
        self._sending.close()
        self._receiving.close()

    def _deliver(self, event: EngineEvent | EngineError) -> None:
        try:
            self._sending.send_nowait(event)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):  # whoever listened has left
            return
        if isinstance(event, (GenerationFinished, EngineError)):
            self._sending.close()
