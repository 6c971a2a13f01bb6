"""One request, start to end, on the engine's thread: prompt into the cache, then token after token.

Whatever is to decode faster later (prompt lookup, a draft model) takes the place of `stepping.decode`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from punie_acp.inference.repetition import EVERY, MOST, repeats_itself
from punie_acp.inference.stepping import decode
from punie_acp.inference.types import EngineError, GenerationFinished, PrefillProgress, TokenEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from punie_acp.inference.kv import SessionCaches
    from punie_acp.inference.loading import LoadedModel
    from punie_acp.inference.types import EngineEvent, FinishReason, GenerationRequest


class _CancelledError(Exception):
    """Raised out of prefill."""


def check_request(request: GenerationRequest, context_tokens: int, vocabulary: int) -> None:
    """Raises `EngineError` for a request that this model cannot run."""
    if not request.tokens or request.max_tokens < 1:
        raise EngineError("A request needs at least one token of prompt and one to decode.")
    if len(request.tokens) >= context_tokens:
        raise EngineError(
            f"The conversation is {len(request.tokens)} tokens long and the context holds {context_tokens}; "
            "start a new session, or raise `context_tokens` in the settings."
        )
    if not 0 <= min(request.tokens) <= max(request.tokens) < vocabulary:
        raise EngineError("The prompt holds token ids that the model does not have; its tokenizer is not the model's.")


def run_request(
    loaded: LoadedModel,
    caches: SessionCaches,
    request: GenerationRequest,
    *,
    cancelled: Callable[[], bool],
    emit: Callable[[EngineEvent], None],
) -> None:
    """Run `request`, whose last event is `GenerationFinished`. `cancelled` is asked at every token and prefill step."""
    started = perf_counter()
    cache, reused = caches.checkout(request.cache_key, request.tokens)

    def progress(done: int, _total: int) -> None:
        if cancelled():
            raise _CancelledError
        emit(PrefillProgress(reused + done, len(request.tokens)))

    answer = _Answer(list(request.tokens))
    with _wired(loaded):
        tokens = decode(loaded, request, cache, reused, progress)
        try:
            answer.take(tokens, request, loaded.context_tokens, cancelled, emit)
        except _CancelledError:
            answer.reason = "cancelled"
        finally:
            tokens.close()
    caches.keep(request.cache_key, answer.known, cache)
    if request.keep_prefix and answer.reason != "cancelled":
        caches.keep_prefix(request.cache_key, request.tokens)
    ended = perf_counter()
    first = answer.first_token_at or ended
    emit(
        GenerationFinished(
            reason=answer.reason,
            prompt_tokens=len(request.tokens),
            cached_tokens=reused,
            completion_tokens=answer.emitted,
            prefill_seconds=first - started,
            decode_seconds=ended - first,
        )
    )


@dataclass(slots=True)
class _Answer:
    """What has become of a request so far."""

    known: list[int]  # the prompt and every token decoded, emitted or not: what the cache may hold
    emitted: int = 0
    reason: FinishReason = "length"
    first_token_at: float | None = None

    def take(
        self,
        tokens: Iterator[tuple[int, float]],
        request: GenerationRequest,
        context_tokens: int,
        cancelled: Callable[[], bool],
        emit: Callable[[EngineEvent], None],
    ) -> None:
        budget = min(request.max_tokens, context_tokens - len(request.tokens))
        for token, logprob in tokens:
            self.first_token_at = self.first_token_at or perf_counter()
            self.known.append(token)
            if token in request.stop_tokens or cancelled():
                self.reason = "stop" if token in request.stop_tokens else "cancelled"
                return
            emit(TokenEvent(token, logprob))
            self.emitted += 1
            if self.emitted == budget:
                return
            if request.end_repetition and self._repeats_itself():
                self.reason = "repetition"
                return

    def _repeats_itself(self) -> bool:
        return self.emitted % EVERY == 0 and repeats_itself(self.known[-min(self.emitted, MOST) :])


@contextmanager
def _wired(loaded: LoadedModel) -> Generator[None]:
    """Keep the weights from being paged out on Metal while they are used; mlx_lm's `wired_limit` without its print."""
    if loaded.device != "metal":
        yield
        return
    import mlx.core as mx
    from mlx_lm.generate import generation_stream

    before = mx.set_wired_limit(int(mx.device_info()["max_recommended_working_set_size"]))
    try:
        yield
    finally:
        mx.synchronize(generation_stream)  # the limit must not change under a running evaluation
        mx.set_wired_limit(before)
