"""The KV cache changes how fast an answer comes, never which."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from punie_acp.inference.engine import MlxEngine
from punie_acp.inference.kv import SessionCaches, common_prefix
from punie_acp.inference.types import GenerationFinished, GenerationRequest, TokenEvent
from tests.tiny_models import build_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_models import Family


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def answer(engine: MlxEngine, tokens: list[int], key: str | None, count: int = 10) -> tuple[list[int], int]:
    """The decoded tokens, and how many of the prompt came out of the cache."""
    request = GenerationRequest(tuple(tokens), count, stop_tokens=frozenset(), cache_key=key)
    async with engine.generate(request) as stream:
        events = [event async for event in stream]
    end = events[-1]
    assert isinstance(end, GenerationFinished)
    return [event.token for event in events if isinstance(event, TokenEvent)], end.cached_tokens


@pytest.mark.anyio
@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
async def test_reuse_gives_the_same_tokens_as_none_over_many_diverging_turns(family: Family, tmp_path: Path) -> None:
    engine = MlxEngine(build_tiny_model(tmp_path, family), max_cached_sessions=3)
    chance = random.Random(4)
    system = [chance.randrange(400) for _ in range(40)]
    histories = {key: list(system) for key in "abcd"}
    cached_tokens = 0
    for _ in range(40):
        key = chance.choice("abcd")
        history = histories[key]
        if chance.random() < 0.3:  # the user edits what was said before
            del history[chance.randrange(len(system), len(history) + 1) :]
        history += [chance.randrange(400) for _ in range(chance.choice([0, 1, 2, 30, 300]))]
        with_cache, reused = await answer(engine, history, key, chance.choice([1, 2, 9]))
        without, none = await answer(engine, history, None, len(with_cache))
        assert with_cache == without
        assert none == 0
        cached_tokens += reused
        history += with_cache[: chance.choice([len(with_cache), 1])]
    assert cached_tokens > 5000
    await engine.close()


@pytest.mark.anyio
async def test_the_next_turn_computes_only_what_is_new(tmp_path: Path) -> None:
    engine = MlxEngine(build_tiny_model(tmp_path))
    first = list(range(100))
    said, _ = await answer(engine, first, "s", 6)
    _, reused = await answer(engine, [*first, *said, 1, 2, 3], "s")
    assert reused == 106, "the last token emitted is in the cache too"
    _, reused = await answer(engine, first, "s")
    assert reused == 99, "one token is left, whose logits choose the next"
    await engine.forget("s")
    _, reused = await answer(engine, first, "s")
    assert reused == 0
    await engine.close()


@pytest.mark.anyio
async def test_a_new_session_starts_from_the_prefix_it_shares_with_another(tmp_path: Path) -> None:
    engine = MlxEngine(build_tiny_model(tmp_path))
    system = list(range(200))
    one, other = [*system, 5, 6], [*system, 7, 8, 9]
    await answer(engine, one, "one")
    said, reused = await answer(engine, other, "other")
    assert reused == 200
    assert said == (await answer(engine, other, None))[0]
    after, reused = await answer(engine, [*one, 3], "one")
    assert reused == 202, "the copy left the original as it was"
    assert after == (await answer(engine, [*one, 3], None))[0]
    await engine.close()


class Layer:
    """A layer's cache as mlx_lm shapes it: an offset, trimming where it can, and a size."""

    def __init__(self, offset: int = 0, nbytes: int = 10, trimmable: bool = True) -> None:
        self.offset, self.nbytes, self._trimmable = offset, nbytes, trimmable

    def is_trimmable(self) -> bool:
        return self._trimmable

    def trim(self, count: int) -> int:
        self.offset -= count
        return count


def caches(max_sessions: int = 9, max_bytes: int = 10**9) -> SessionCaches:
    return SessionCaches(lambda: [Layer()], max_sessions=max_sessions, max_bytes=max_bytes)


def test_the_least_recently_used_session_goes_first() -> None:
    by_count = caches(max_sessions=2)
    for key in ("a", "b", "a", "c"):
        cache, _ = by_count.checkout(key, [1, 2, 3])
        cache[0].offset = 3
        by_count.keep(key, [1, 2, 3], cache)
    assert by_count.sessions == ("a", "c")


def test_the_byte_cap_holds_but_the_newest_stays_whatever_its_size() -> None:
    by_size = caches(max_bytes=25)
    for key, size in (("a", 10), ("b", 10), ("c", 10), ("d", 99)):
        by_size.keep(key, [1, 2], [Layer(2, size)])
        assert sum(10 for _ in by_size.sessions[:-1]) <= 15
    assert by_size.sessions == ("d",)


def test_a_cache_one_token_ahead_is_trimmed_to_what_is_known() -> None:
    store = caches()
    layer = Layer(5)
    store.keep("s", [1, 2, 3], [layer])
    assert layer.offset == 3
    assert store.checkout("s", [1, 2, 3, 4])[1] == 3


def test_a_cache_that_cannot_be_trimmed_is_only_ever_extended() -> None:
    store = caches()
    store.keep("s", [1, 2, 3], [Layer(3, trimmable=False)])
    assert store.checkout("s", [1, 2, 3, 4])[1] == 3
    store.keep("s", [1, 2, 3], [Layer(3, trimmable=False)])
    assert store.checkout("s", [1, 2, 9, 4])[1] == 0
    store.keep("s", [1, 2], [Layer(3, trimmable=False)])
    assert store.sessions == (), "it holds a token that nobody knows"


def test_a_checked_out_cache_is_gone_until_it_is_brought_back() -> None:
    store = caches()
    store.keep("s", [1, 2, 3], [Layer(3)])
    assert store.checkout("s", [1, 2, 3, 4])[1] == 3
    assert store.checkout("s", [1, 2, 3, 4])[1] == 0


def test_common_prefix_counts_equal_tokens() -> None:
    assert common_prefix([1, 2, 3], [1, 2, 4]) == 2
    assert common_prefix([1, 2], [1, 2, 3]) == 2
    assert common_prefix([], [1]) == 0
