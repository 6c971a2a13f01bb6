"""Fakes for the seams of the package."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.lowlevel

from punie_acp.inference.types import GenerationFinished, GenerationRequest, ModelInfo, PrefillProgress, TokenEvent

if TYPE_CHECKING:
    from punie_acp.inference.chat import Chat


@dataclass
class ScriptedEngine:
    """An `Engine` that answers each request with the next text of `answers`, token by token.

    It remembers the tokens of each session as the real one's KV cache does. `unread` counts the tokens that nobody
    asked for because the request was left early.
    """

    chat: Chat
    answers: list[str]
    requests: list[GenerationRequest] = field(default_factory=list)
    unread: int = 0
    info: ModelInfo | None = None
    _cached: dict[str | None, tuple[int, ...]] = field(default_factory=dict)

    async def load(self) -> ModelInfo:
        self.info = ModelInfo(Path("scripted"), "cpu", 4096, self.chat.stop_tokens, 512, 0, 0.0, "none", None)
        return self.info

    @asynccontextmanager
    async def generate(self, request: GenerationRequest):
        await self.load()
        self.requests.append(request)
        tokens = self.chat.encode(self.answers[len(self.requests) - 1])
        told: list[int] = []
        try:
            yield self._events(request, tokens, told)
        finally:
            self.unread += len(tokens) - len(told)
            self._cached[request.cache_key] = (*request.tokens, *told)

    async def _events(self, request, tokens, told):
        cached = _common_prefix(request.tokens[:-1], self._cached.get(request.cache_key, ()))
        total = len(request.tokens)
        for done in (cached, total):
            yield PrefillProgress(done, total)
        for token in tokens[: request.max_tokens]:
            await anyio.lowlevel.checkpoint()
            told.append(token)
            yield TokenEvent(token)
        reason = "length" if len(tokens) > request.max_tokens else "stop"
        yield GenerationFinished(reason, total, cached, len(told), 0.25, 0.5)

    async def forget(self, cache_key: str) -> None:
        self._cached.pop(cache_key, None)

    async def close(self) -> None:
        self._cached.clear()


def _common_prefix(left, right) -> int:
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
