"""Instructions that were read once are not read again by the next process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from tests.tiny_models import build_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

INSTRUCTIONS = tuple(range(10, 110))


def run(folder: Path, prefixes: Path | None, tokens: tuple[int, ...], *, keep: bool = False) -> tuple[list[int], int]:
    """The answer of a new engine, and how many tokens of the prompt it found in a cache."""
    from punie_acp.inference.engine import MlxEngine
    from punie_acp.inference.types import GenerationFinished, GenerationRequest, TokenEvent

    async def generate() -> tuple[list[int], int]:
        engine = MlxEngine(folder, prefix_folder=prefixes)
        request = GenerationRequest(tokens, 12, stop_tokens=frozenset(), cache_key="s", keep_prefix=keep)
        async with engine.generate(request) as events:
            seen = [event async for event in events]
        await engine.close()
        cached = [event.cached_tokens for event in seen if isinstance(event, GenerationFinished)]
        return [event.token for event in seen if isinstance(event, TokenEvent)], cached[0]

    return anyio.run(generate)


def test_a_new_engine_reads_only_what_is_new_and_answers_the_same(tmp_path: Path) -> None:
    model, prefixes = build_tiny_model(tmp_path / "model", bits=4), tmp_path / "prefixes"
    assert run(model, prefixes, (*INSTRUCTIONS, 5, 6), keep=True)[1] == 0
    prompt = (*INSTRUCTIONS, 7, 8, 9, 10, 11)
    answer, cached = run(model, prefixes, prompt)
    assert cached == len(INSTRUCTIONS)
    assert answer == run(model, None, prompt)[0]
    run(model, prefixes, (*INSTRUCTIONS, 5, 6), keep=True)
    assert len(list(prefixes.iterdir())) == 1  # what is there is not written again


def test_what_was_not_meant_to_be_kept_is_not(tmp_path: Path) -> None:
    model, prefixes = build_tiny_model(tmp_path / "model"), tmp_path / "prefixes"
    run(model, prefixes, (*INSTRUCTIONS, 5))
    assert not prefixes.exists()


def test_a_damaged_file_other_weights_and_a_folder_that_cannot_be_written_do_no_harm(tmp_path: Path) -> None:
    model, prefixes = build_tiny_model(tmp_path / "model"), tmp_path / "prefixes"
    run(model, prefixes, (*INSTRUCTIONS, 5), keep=True)
    (file,) = prefixes.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert run(model, prefixes, (*INSTRUCTIONS, 6))[1] == 0
    assert not file.exists()
    file.write_bytes(whole)
    assert run(build_tiny_model(tmp_path / "other", seed=1), prefixes, (*INSTRUCTIONS, 6))[1] == 0
    assert run(model, tmp_path / "model" / "config.json", (*INSTRUCTIONS, 5), keep=True)[1] == 0


def test_only_the_newest_prefixes_of_a_model_stay(tmp_path: Path) -> None:
    from punie_acp.inference.prefixes import MOST_FILES

    model, prefixes = build_tiny_model(tmp_path / "model"), tmp_path / "prefixes"
    for first in range(1, MOST_FILES + 3):
        run(model, prefixes, (first, *INSTRUCTIONS), keep=True)
    assert len(list(prefixes.iterdir())) == MOST_FILES
    assert run(model, prefixes, (MOST_FILES + 2, *INSTRUCTIONS, 5))[1] == len(INSTRUCTIONS) + 1
    assert run(model, prefixes, (1, *INSTRUCTIONS, 5))[1] == 0
