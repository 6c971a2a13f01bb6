"""Decoding in one call a token: what the kernel computes, against the model's own operations."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import pytest

from tests.tiny_models import build_tiny_model  # loads the fast BLAS where it builds

if TYPE_CHECKING:
    from pathlib import Path

    import mlx.core as mx

    from punie_acp.inference.loading import LoadedModel

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the kernels are for Linux on x86-64"
)


@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("bits", [4, 5, 8])
def test_it_decodes_what_the_model_does(tmp_path: Path, family: str, bits: int, tied: bool) -> None:
    model = loaded_model(tmp_path, family=family, bits=bits, tied=tied)

    for ours, theirs in zip(*both(model, [[5, 6, 7], [8], [9], [10, 11, 12], [13], [14]]), strict=True):
        assert alike(ours, theirs)


def test_a_cache_grows_where_it_is_full(tmp_path: Path) -> None:
    model = loaded_model(tmp_path, bits=4)

    ours, theirs = both(model, [[7] * 254, *([token] for token in range(20, 30))])
    assert all(alike(one, other) for one, other in zip(ours, theirs, strict=True))


def test_it_reads_a_cache_that_was_trimmed_and_leaves_one_that_shares_its_arrays(tmp_path: Path) -> None:
    import copy

    import mlx.core as mx
    from mlx_lm.models.cache import make_prompt_cache

    model = loaded_model(tmp_path, bits=8)
    assert model.decoder is not None
    cache = make_prompt_cache(model.model)
    model.decoder.decoding(cache)(mx.array([[3, 4, 5, 6]]), cache=cache)
    other = copy.deepcopy(cache)  # shares the arrays until one of them is written to
    for layer in cache:
        layer.trim(2)
    decoding = model.decoder.decoding(cache)
    for token in (30, 31, 32):
        last = decoding(mx.array([[token]]), cache=cache)

    fresh = make_prompt_cache(model.model)
    assert alike(last, model.model(mx.array([[3, 4, 30, 31, 32]]), cache=fresh)[:, -1:])
    follows = model.decoder.decoding(other)(mx.array([[7]]), cache=other)
    fresh = make_prompt_cache(model.model)
    assert alike(follows, model.model(mx.array([[3, 4, 5, 6, 7]]), cache=fresh)[:, -1:])


def test_a_model_that_the_kernel_does_not_know_decodes_by_its_own_operations(tmp_path: Path) -> None:
    import json

    assert loaded_model(tmp_path / "six", bits=6).decoder is None
    folder = build_tiny_model(tmp_path / "scaled", bits=4)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"rope_scaling": {"type": "linear", "factor": 2.0}}))
    assert loaded(folder).decoder is None


def loaded_model(folder: Path, **kind: object) -> LoadedModel:
    return loaded(build_tiny_model(folder, **kind))


def loaded(folder: Path) -> LoadedModel:
    from punie_acp.inference.loading import load_model

    return load_model(folder, context_tokens=512)


def both(model: LoadedModel, pieces: list[list[int]]) -> tuple[list[mx.array], list[mx.array]]:
    """The last logits of each piece, by the decoder and by the model."""
    import mlx.core as mx
    from mlx_lm.models.cache import make_prompt_cache

    assert model.decoder is not None
    caches = make_prompt_cache(model.model), make_prompt_cache(model.model)
    by_decoder = model.decoder.decoding(caches[0])
    ours = [by_decoder(mx.array([piece]), cache=caches[0])[:, -1:] for piece in pieces]
    theirs = [model.model(mx.array([piece]), cache=caches[1])[:, -1:] for piece in pieces]
    assert [layer.offset for layer in caches[0]] == [layer.offset for layer in caches[1]]
    return ours, theirs


def alike(ours: mx.array, theirs: mx.array) -> bool:
    """But for what a last digit makes of the rounding to bytes; else they differ by less than a millionth."""
    import mlx.core as mx

    return bool(mx.linalg.norm(ours - theirs).item() < 0.1 * mx.linalg.norm(theirs).item())
