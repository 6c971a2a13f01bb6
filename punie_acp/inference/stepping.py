"""Token after token, on the engine's thread: mlx_lm's own loop, or with a decoder a shorter one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import mlx.core as mx

    from punie_acp.inference.compiled import Kernels
    from punie_acp.inference.decoder import Decoding
    from punie_acp.inference.kv import PromptCache
    from punie_acp.inference.loading import LoadedModel
    from punie_acp.inference.types import Avoided, GenerationRequest, Preferred

    Sampler = Callable[[mx.array], mx.array]


def decode(
    loaded: LoadedModel,
    request: GenerationRequest,
    cache: PromptCache,
    reused: int,
    progress: Callable[[int, int], None],
) -> Generator[tuple[int, float]]:
    """Token ids without end, each with its log probability. `cache` holds the first `reused` tokens of the prompt.

    When one is yielded, its own keys and values may be in `cache` already, or not yet.
    """
    if loaded.decoder is None:
        return _by_mlx(loaded, request, cache, reused, progress)
    return _by_decoder(loaded.decoder.decoding(cache), loaded.prefill_step, request, cache, reused, progress)


def _by_mlx(
    loaded: LoadedModel,
    request: GenerationRequest,
    cache: PromptCache,
    reused: int,
    progress: Callable[[int, int], None],
) -> Generator[tuple[int, float]]:
    import mlx.core as mx
    from mlx_lm.generate import generate_step

    steps = generate_step(
        mx.array(request.tokens[reused:]),
        loaded.model,
        max_tokens=-1,
        sampler=_sampler(request),
        logits_processors=_processors(request),
        prompt_cache=cache,
        prefill_step_size=loaded.prefill_step,
        prompt_progress_callback=progress,
    )
    try:
        for token, logprobs in steps:
            yield int(token), float(cast("float", logprobs[token].item()))
    finally:
        steps.close()


def _by_decoder(
    decoding: Decoding,
    prefill_step: int,
    request: GenerationRequest,
    cache: PromptCache,
    reused: int,
    progress: Callable[[int, int], None],
) -> Generator[tuple[int, float]]:
    """The kernel computes as fast as memory can be read: nothing is gained by running a token ahead of it.

    What mlx_lm does with the logits of each token on a CPU would take a tenth of its time.
    """
    import mlx.core as mx

    sampler, processors = _sampler(request), _processors(request)
    known = list(request.tokens)
    _prefill(decoding, known[reused:-1], prefill_step, cache, progress)
    while True:
        logits = decoding(mx.array([known[-1:]]), cache=cache).reshape(1, -1)
        if len(known) == len(request.tokens):
            progress(len(known) - reused, len(known) - reused)
        for processor in processors:
            logits = processor(mx.array(known), logits)
        token, logprob = _chosen(logits, sampler if request.temperature > 0 else None, decoding.kernels)
        yield token, logprob
        known.append(token)


def _prefill(
    decoding: Decoding, tokens: Sequence[int], step: int, cache: PromptCache, progress: Callable[[int, int], None]
) -> None:
    """Compute `tokens` into `cache`: all of a prompt that is new, but for its last."""
    import mlx.core as mx

    progress(0, len(tokens) + 1)
    for start in range(0, len(tokens), step):
        part = tokens[start : start + step]
        decoding(mx.array([part]), cache=cache)
        mx.eval([layer.state for layer in cache])
        progress(start + len(part), len(tokens) + 1)
        mx.clear_cache()


def _chosen(logits: mx.array, sampler: Sampler | None, kernels: Kernels) -> tuple[int, float]:
    """A token and its log probability; the likeliest one without a `sampler`. `logits`: (1, vocabulary)."""
    import numpy as np

    values = cast("Any", np.array(logits, copy=False)).reshape(-1)
    token = int(values.argmax())
    normalizer = kernels.normalizer(values, float(values[token]))
    if sampler is not None:
        token = int(cast("int", sampler(logits - normalizer).item()))
    return token, float(values[token]) - normalizer


def _sampler(request: GenerationRequest) -> Sampler:
    import mlx.core as mx
    from mlx_lm.sample_utils import make_sampler

    if request.seed is not None:
        mx.random.seed(request.seed)
    return make_sampler(temp=request.temperature, top_p=request.top_p)


def _processors(request: GenerationRequest) -> list[_Processor]:
    preferring: list[_Processor] = [_Preferring(request.prefer)] if request.prefer else []
    return [*preferring, _Avoiding(request.avoid)] if request.avoid else preferring


class _Processor(Protocol):
    """Changes what may be decoded next."""

    def __call__(self, tokens: mx.array, logits: mx.array, /) -> mx.array:
        """`tokens`: (time,), the answer so far at its end. `logits`: (1, vocabulary)."""
        ...


class _Preferring:
    """Leaves no other choice for the first tokens where the preferred ones are likely enough."""

    def __init__(self, preferred: Preferred) -> None:
        self._probability = preferred.probability
        self._left = list(preferred.tokens)

    def __call__(self, tokens: mx.array, logits: mx.array) -> mx.array:
        import mlx.core as mx

        if not self._left:
            return logits
        token = self._left.pop(0)
        if _probability(logits[0], token) < self._probability:
            self._left.clear()
            return logits
        alone = mx.full(logits.shape, -float("inf"), logits.dtype)
        alone[:, token] = 0
        return alone


def _probability(logits: mx.array, token: int) -> float:
    import mlx.core as mx

    return float(cast("float", mx.softmax(logits)[token].item()))


class _Avoiding:
    """Takes the token out of the choice that would make an answer one of those that are to be avoided."""

    def __init__(self, avoided: tuple[Avoided, ...]) -> None:
        self._avoided = avoided
        self._decoded = -1  # tokens

    def __call__(self, tokens: mx.array, logits: mx.array) -> mx.array:
        """`tokens`: (time,), the answer so far at its end. `logits`: (1, vocabulary)."""
        self._decoded += 1
        here = [one for one in self._avoided if one.at == self._decoded]
        if not here:
            return logits
        answer = tuple(cast("list[int]", tokens[len(tokens) - self._decoded :].tolist()))
        for one in here:
            if one.tokens[: one.at] == answer:
                logits[:, one.tokens[one.at]] = -float("inf")
        return logits
