"""The engine on tiny real models: streaming, cancelling, queueing, limits, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from punie_acp.inference.engine import MlxEngine
from punie_acp.inference.types import (
    Avoided,
    EngineError,
    EngineEvent,
    GenerationFinished,
    GenerationRequest,
    Preferred,
    PrefillProgress,
    TokenEvent,
)
from tests.tiny_models import build_tiny_model

ROOT = Path(__file__).parents[2]
NEVER: frozenset[int] = frozenset()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=["qwen2", "qwen3"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(tmp_path_factory.mktemp("models") / request.param, request.param)


@pytest.fixture
async def engine(folder: Path, anyio_backend: str):
    engine = MlxEngine(folder)
    yield engine
    await engine.close()


def prompt(length: int, start: int = 0) -> tuple[int, ...]:
    return tuple((start + 7 * index) % 400 for index in range(length))


def ask(tokens: tuple[int, ...], max_tokens: int = 12, stop: frozenset[int] = NEVER, **more) -> GenerationRequest:
    return GenerationRequest(tokens, max_tokens, stop_tokens=stop, **more)


async def run(engine: MlxEngine, request: GenerationRequest) -> list[EngineEvent]:
    async with engine.generate(request) as events:
        return [event async for event in events]


def decoded(events: list[EngineEvent]) -> list[int]:
    return [event.token for event in events if isinstance(event, TokenEvent)]


def finished(events: list[EngineEvent]) -> GenerationFinished:
    assert isinstance(events[-1], GenerationFinished)
    assert not any(isinstance(event, GenerationFinished) for event in events[:-1])
    return events[-1]


def engine_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mlx-engine"]


@pytest.mark.anyio
async def test_tokens_are_those_of_mlx_lm(engine: MlxEngine, folder: Path) -> None:
    import mlx.core as mx
    from mlx_lm.generate import generate_step
    from mlx_lm.utils import load_model

    events = await run(engine, ask(prompt(40), 20))
    model, _ = load_model(folder)
    steps = generate_step(mx.array(prompt(40)), model, max_tokens=20)
    assert decoded(events) == [int(token) for token, _ in steps]


@pytest.mark.anyio
async def test_an_answer_that_is_to_be_avoided_goes_on_differently_from_the_place_on(engine: MlxEngine) -> None:
    events = await run(engine, ask(prompt(40), cache_key="s"))
    first = tuple(decoded(events))
    assert all(event.logprob < 0 for event in events if isinstance(event, TokenEvent) and event.logprob is not None)

    for at in (0, 5):  # the second time most of the prompt is in the cache
        second = tuple(decoded(await run(engine, ask(prompt(40), cache_key="s", avoid=(Avoided(first, at),)))))
        assert second[:at] == first[:at]
        assert second[at] != first[at]
    both = (Avoided(first, 5), Avoided(second, 5))
    third = tuple(decoded(await run(engine, ask(prompt(40), avoid=both))))
    assert third[:5] == first[:5]
    assert third[5] not in (first[5], second[5])
    other = Avoided((first[0] + 1, *first[1:]), 5)
    assert tuple(decoded(await run(engine, ask(prompt(40), avoid=(other,))))) == first


@pytest.mark.anyio
async def test_an_answer_begins_with_the_preferred_tokens_where_they_are_likely_enough(engine: MlxEngine) -> None:
    first = decoded(await run(engine, ask(prompt(40))))
    wanted = Preferred((first[0] + 1, first[1] + 2), 1e-9)
    preferring = decoded(await run(engine, ask(prompt(40), prefer=wanted)))
    assert tuple(preferring[:2]) == wanted.tokens
    after = ask((*prompt(40), *wanted.tokens), len(preferring) - 2)
    assert preferring[2:] == decoded(await run(engine, after))  # only the first two were chosen for it
    assert decoded(await run(engine, ask(prompt(40), prefer=Preferred(wanted.tokens, 1.0)))) == first
    half = Preferred((first[0], first[1] + 2), 0.999)
    assert decoded(await run(engine, ask(prompt(40), prefer=half))) == first


@pytest.mark.anyio
async def test_events_report_prefill_then_tokens_then_the_end(engine: MlxEngine) -> None:
    events = await run(engine, ask(prompt(700), 5))
    progress = [event for event in events if isinstance(event, PrefillProgress)]
    assert [event.done for event in progress] == [0, 256, 512, 699, 700]
    assert {event.total for event in progress} == {700}
    end = finished(events)
    assert (end.reason, end.prompt_tokens, end.cached_tokens, end.completion_tokens) == ("length", 700, 0, 5)
    assert end.prefill_seconds > 0
    assert end.decode_seconds > 0
    assert len(events) == len(progress) + 5 + 1


@pytest.mark.anyio
async def test_tokens_arrive_while_later_ones_are_still_to_be_decoded(engine: MlxEngine) -> None:
    await engine.load()
    async with engine.generate(ask(prompt(20), 3000)) as events:
        async for event in events:
            if isinstance(event, TokenEvent):
                break
        behind = events._receiving.statistics().current_buffer_used
    assert behind < 500, "the first token came together with most of the others"


@pytest.mark.anyio
async def test_a_stop_token_ends_the_answer_and_is_not_emitted(engine: MlxEngine) -> None:
    free = decoded(await run(engine, ask(prompt(30), 12)))
    stop = free[6]
    events = await run(engine, ask(prompt(30), 12, frozenset({stop})))
    assert decoded(events) == free[: free.index(stop)]
    assert finished(events).reason == "stop"


@pytest.mark.anyio
async def test_an_answer_that_repeats_itself_is_ended_where_the_request_says_so(engine: MlxEngine) -> None:
    endless = Preferred((5, 6, 7) * 200, 1e-30)
    free = await run(engine, ask(prompt(30), 600, prefer=endless))
    assert (finished(free).reason, tuple(decoded(free))) == ("length", endless.tokens)
    ended = await run(engine, ask(prompt(30), 600, prefer=endless, end_repetition=True))
    assert (finished(ended).reason, finished(ended).completion_tokens) == ("repetition", 384)
    assert tuple(decoded(ended)) == endless.tokens[:384]


@pytest.mark.anyio
async def test_a_seed_makes_sampling_repeatable(engine: MlxEngine) -> None:
    def sample(seed: int) -> GenerationRequest:
        return ask(prompt(30), 24, temperature=1.0, top_p=0.95, seed=seed)

    first, again, other = [decoded(await run(engine, sample(seed))) for seed in (1, 1, 2)]
    assert first == again
    assert first != other


@pytest.mark.anyio
async def test_leaving_while_decoding_cancels_and_keeps_what_was_decoded(engine: MlxEngine) -> None:
    tokens = prompt(300)
    got: list[int] = []
    async with engine.generate(ask(tokens, 3000, cache_key="s")) as events:
        async for event in events:
            got += [event.token] if isinstance(event, TokenEvent) else []
            if len(got) == 4:
                break
    follow_up = (*tokens, *got, *prompt(20, start=5))
    before = time.perf_counter()
    reused = await run(engine, ask(follow_up, cache_key="s"))
    assert time.perf_counter() - before < 2, "the cancelled request went on"
    assert finished(reused).cached_tokens >= 304
    assert decoded(reused) == decoded(await run(engine, ask(follow_up)))


@pytest.mark.anyio
async def test_leaving_during_prefill_keeps_the_steps_already_computed(engine: MlxEngine) -> None:
    tokens = prompt(3000)
    async with engine.generate(ask(tokens, cache_key="s")) as events:
        async for event in events:
            if isinstance(event, PrefillProgress) and event.done >= 512:
                break
    again = await run(engine, ask(tokens, cache_key="s"))
    assert 512 <= finished(again).cached_tokens < 3000
    assert finished(again).cached_tokens % 256 == 0
    assert decoded(again) == decoded(await run(engine, ask(tokens)))


@pytest.mark.anyio
async def test_requests_run_in_the_order_they_came(engine: MlxEngine) -> None:
    await engine.load()
    begun: list[str] = []
    ended: list[str] = []

    async def one(name: str) -> None:
        async with engine.generate(ask(prompt(200), 40)) as events:
            await anext(events)
            begun.append(name)
            finished([event async for event in events])
            ended.append(name)

    async with anyio.create_task_group() as group:
        for name in "abc":
            group.start_soon(one, name)
            await anyio.lowlevel.checkpoint()
    assert begun == ended == ["a", "b", "c"]


@pytest.mark.anyio
async def test_a_request_cancelled_in_the_queue_never_starts(engine: MlxEngine) -> None:
    await engine.load()
    async with engine.generate(ask(prompt(20), 400)) as running:
        async with engine.generate(ask(prompt(50), cache_key="queued")):
            pass
        assert finished([event async for event in running]).reason == "length"
    assert finished(await run(engine, ask(prompt(50), cache_key="queued"))).cached_tokens == 0


@pytest.mark.anyio
async def test_concurrent_callers_share_one_load_even_if_one_gives_up(engine: MlxEngine) -> None:
    infos = []

    async def load() -> None:
        infos.append(await engine.load())

    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as impatient:
            group.start_soon(load)
            group.start_soon(load)
            await anyio.lowlevel.checkpoint()
            impatient.cancel()
            await engine.load()
    assert impatient.cancelled_caught
    assert infos[0] is infos[1] is engine.info
    assert len(engine_threads()) == 1


@pytest.mark.anyio
async def test_info_describes_the_loaded_model(engine: MlxEngine, folder: Path) -> None:
    assert engine.info is None
    info = await engine.load()
    assert info.path == folder
    assert info.context_tokens == 4096
    assert info.vocabulary == json.loads((folder / "config.json").read_text())["vocab_size"]
    assert info.eos_tokens == frozenset({400, 402})
    assert info.resident_bytes > 4 * 64 * info.vocabulary
    assert info.load_seconds > 0


@pytest.mark.anyio
async def test_the_context_is_a_limit_for_prompt_and_answer(folder: Path) -> None:
    engine = MlxEngine(folder, context_tokens=64)
    end = finished(await run(engine, ask(prompt(60), 50)))
    assert (end.reason, end.completion_tokens) == ("length", 4)
    with pytest.raises(EngineError, match="64 tokens long and the context holds 64; start a new session"):
        await run(engine, ask(prompt(64), 1))
    await engine.close()


@pytest.mark.anyio
async def test_token_ids_the_model_does_not_have_are_refused(engine: MlxEngine) -> None:
    with pytest.raises(EngineError, match="tokenizer is not the model's"):
        await run(engine, ask((1, 2, 10_000)))
    assert decoded(await run(engine, ask((1, 2)))), "the engine goes on"


@pytest.mark.anyio
async def test_close_cancels_refuses_and_leaves_no_thread(folder: Path) -> None:
    engine = MlxEngine(folder)
    await engine.load()
    async with engine.generate(ask(prompt(20), 3000)) as running, engine.generate(ask(prompt(20))) as queued:
        await anext(running)
        await engine.close()
        assert finished([event async for event in running]).reason == "cancelled"
        with pytest.raises(EngineError, match="closed"):
            await anext(queued)
    assert engine_threads() == []
    with pytest.raises(EngineError, match="closed"):
        await run(engine, ask(prompt(20)))
    await engine.close()


@pytest.mark.anyio
async def test_what_cannot_be_loaded_is_said_in_a_sentence_and_can_be_tried_again(tmp_path: Path) -> None:
    place = tmp_path / "model"
    engine = MlxEngine(place)
    with pytest.raises(EngineError, match=r"no model at .*model; download one"):
        await engine.load()
    build_tiny_model(place)
    weights = (place / "model.safetensors").read_bytes()
    (place / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(EngineError, match="damaged"):
        await engine.load()
    (place / "model.safetensors").write_bytes(weights)
    assert (await engine.load()).path == place
    await engine.close()


@pytest.mark.anyio
async def test_a_model_of_an_unknown_kind_is_named(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "abacus"}))
    engine = MlxEngine(folder)
    with pytest.raises(EngineError, match="abacus"):
        await engine.load()
    await engine.close()


@pytest.mark.anyio
async def test_a_model_larger_than_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path)
    header = {"model.big.weight": {"dtype": "F32", "shape": [1 << 20, 1 << 21], "data_offsets": [0, 1 << 43]}}
    text = json.dumps(header).encode()
    (folder / "model-2.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    engine = MlxEngine(folder)
    with pytest.raises(EngineError, match=r"needs 879\d\.\d GB of memory and [\d.]+ GB are free; .*smaller model"):
        await engine.load()
    await engine.close()


CHILD = """
import sys
from pathlib import Path
import anyio
from punie_acp.inference.engine import MlxEngine
from punie_acp.inference.types import GenerationRequest

async def main():
    engine = MlxEngine(Path(sys.argv[1]))
    request = GenerationRequest(tuple(range(400)) * 10, 4000, stop_tokens=frozenset())
    async with engine.generate(request) as events:
        await anext(events)
        print("started", flush=True)
        if sys.argv[2] == "leave":
            return
        async for _ in events:
            pass

anyio.run(main)
"""


@pytest.mark.parametrize("how", ["leave", "terminate"])
def test_a_process_ends_at_once_in_the_middle_of_a_request(tmp_path: Path, how: str) -> None:
    folder = build_tiny_model(tmp_path, layers=8, hidden=256)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), how], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"started\n"
        if how == "terminate":
            os.kill(child.pid, signal.SIGTERM)
        started = time.perf_counter()
        out, err = child.communicate(timeout=10)
        assert time.perf_counter() - started < 3
    assert (child.returncode, out, err) == (0 if how == "leave" else -signal.SIGTERM, b"", b"")
