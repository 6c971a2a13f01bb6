"""What goes into an engine and what comes out of it: values, and the Protocol that a model is written against.

Only the standard library is imported, so that everybody may use these types before MLX is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

Device: TypeAlias = Literal["metal", "cuda", "cpu"]
FinishReason: TypeAlias = Literal["stop", "length", "repetition", "cancelled"]


class EngineError(RuntimeError):
    """The model cannot be loaded or cannot run this request. The message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Avoided:
    """An answer that is not to be given again: one that has the same tokens before `at` has another one there."""

    tokens: tuple[int, ...]
    at: int  # 0 ≤ at < len(tokens)


@dataclass(frozen=True, slots=True)
class Preferred:
    """What to begin the answer with where each token of it is likely enough, though others may be likelier."""

    tokens: tuple[int, ...]
    probability: float  # of each after those before it, from which on; 0 < probability ≤ 1


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One prompt to continue. Greedy at `temperature` 0; otherwise `seed` makes it repeatable."""

    tokens: tuple[int, ...]  # the whole prompt, rendered: (time,)
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop_tokens: frozenset[int] = field(kw_only=True)  # ids that end generation (not emitted)
    cache_key: str | None = None  # the session: its KV cache is kept between requests; None: no reuse
    avoid: tuple[Avoided, ...] = ()
    prefer: Preferred | None = None
    end_repetition: bool = False  # end an answer that repeats itself without end
    keep_prefix: bool = False  # many conversations begin with this prompt: keep its keys and values on disk


@dataclass(frozen=True, slots=True)
class PrefillProgress:
    """So many prompt tokens are in the KV cache, those found there already included."""

    done: int  # tokens
    total: int  # tokens


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """One decoded token, as soon as it is known."""

    token: int
    logprob: float | None = None  # natural logarithm of its probability; None where the engine does not say


@dataclass(frozen=True, slots=True)
class GenerationFinished:
    """The last event of a request. `length`: `max_tokens` or the context limit was reached.

    `repetition`: it would hardly have ended before that.
    """

    reason: FinishReason
    prompt_tokens: int
    cached_tokens: int  # of the prompt, found in the KV cache
    completion_tokens: int  # emitted; a stop token does not count
    prefill_seconds: float
    decode_seconds: float


EngineEvent: TypeAlias = PrefillProgress | TokenEvent | GenerationFinished


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What was loaded, and how."""

    path: Path
    device: Device
    context_tokens: int  # prompt and answer together
    eos_tokens: frozenset[int]
    vocabulary: int  # rows of the output layer, which may exceed the tokenizer's vocabulary
    resident_bytes: int  # weights, as they are held in memory
    load_seconds: float
    blas: str  # "mkl", "openblas", "accelerate", "reference"; "none" where the GPU computes
    warning: str | None  # a slow BLAS, and the remedy


class Engine(Protocol):
    """The MLX side of inference: token ids in, token ids out. Requests run one at a time, first come first served."""

    async def load(self) -> ModelInfo:
        """Load the model. Idempotent; concurrent callers share one load. Raises `EngineError`."""
        ...

    @property
    def info(self) -> ModelInfo | None:
        """None until loaded."""
        ...

    def generate(self, request: GenerationRequest) -> AbstractAsyncContextManager[AsyncIterator[EngineEvent]]:
        """Run a request, loading the model first if need be.

        Entering raises `EngineError` where the model cannot be loaded or the request cannot run (a prompt longer
        than the context); iterating raises it where decoding fails, and ends after `GenerationFinished`. Leaving
        the context cancels at the next token or prefill step.
        """
        ...

    async def forget(self, cache_key: str) -> None:
        """Drop the KV cache of a session."""
        ...

    async def close(self) -> None:
        """End the thread and free every array, within about a second or, where it is in the middle of a computation,
        as soon as that is done, without being waited for. The engine cannot be used afterwards.
        """
        ...
