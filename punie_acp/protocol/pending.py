"""Requests of ours that the other side has not answered yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from punie_acp.protocol.errors import INTERNAL_ERROR, JsonValue, RpcError
from punie_acp.protocol.messages import read_error

if TYPE_CHECKING:
    from punie_acp.protocol.messages import Params


@dataclass(slots=True)
class PendingRequest:
    """One of them."""

    number: int  # its id
    sent: bool = False  # or on its way, so that the other side gets to know of it
    answered: anyio.Event = field(default_factory=anyio.Event)
    outcome: JsonValue | RpcError = None

    async def result(self) -> JsonValue:
        """Wait for the answer. Raises `RpcError` where it is one."""
        await self.answered.wait()
        if isinstance(self.outcome, RpcError):
            raise self.outcome
        return self.outcome

    def settle(self, outcome: JsonValue | RpcError) -> None:
        """Take the first answer; later ones change nothing."""
        if not self.answered.is_set():
            self.outcome = outcome
            self.answered.set()


class PendingRequests:
    """All of one connection, by their ids, which count up."""

    def __init__(self) -> None:
        self._waiting: dict[int, PendingRequest] = {}
        self._last = 0

    def new(self) -> PendingRequest:
        """A request with a new id."""
        self._last += 1
        request = self._waiting[self._last] = PendingRequest(self._last)
        return request

    def forget(self, request: PendingRequest) -> None:
        """Wait for this one no longer."""
        self._waiting.pop(request.number, None)

    def settle(self, response: Params) -> bool:
        """Give `response` to the request that it answers. False where there never was one with its id.

        The late answer to a request that was abandoned, and a second answer, are answers to nobody, and no fault.
        """
        number = response.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= self._last:
            return False
        request = self._waiting.get(number)
        if request is not None:
            error = response.get("error")
            request.settle(response.get("result") if error is None else read_error(error))
        return True

    def abandon(self) -> None:
        """Nobody will answer any more."""
        for request in self._waiting.values():
            request.settle(RpcError(INTERNAL_ERROR, "the connection was closed before the answer came"))
