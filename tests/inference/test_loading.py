"""Quantised folders become float32 models: the same numbers, and as much memory as was foretold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tiny_models import build_tiny_model  # loads the fast BLAS where it builds

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("bits", [4, 5, 6, 8])
def test_a_quantised_folder_becomes_float32_with_the_same_logits(tmp_path: Path, bits: int, tied: bool) -> None:
    folder = build_tiny_model(tmp_path, bits=bits, tied=tied)
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.utils import load_model as load_packed

    from punie_acp.inference.folder import read_config
    from punie_acp.inference.loading import load_model
    from punie_acp.inference.memory import weight_bytes
    from punie_acp.inference.packed import PackedLinear

    packed, _ = load_packed(folder)
    plain = load_model(folder, context_tokens=512, packed=False)
    tokens = mx.array([[(7 * index) % 400 for index in range(50)]])
    difference = mx.abs(packed(tokens).astype(mx.float32) - plain.model(tokens)).max().item()
    scale = mx.abs(plain.model(tokens)).max().item()
    assert difference / scale < 0.02  # the packed one computes in half precision
    parameters = dict(tree_flatten(plain.model.parameters()))
    packed_now = {name for name, array in parameters.items() if array.dtype != mx.float32}
    assert packed_now == (set() if tied else {"model.embed_tokens.weight"})
    assert plain.resident_bytes == weight_bytes(folder, read_config(folder), expand=True)
    both = load_model(folder, context_tokens=512)
    kernel = any(isinstance(layer, PackedLinear) for layer in both.model.modules()) or bits == 6
    assert both.resident_bytes == weight_bytes(folder, read_config(folder), expand=True, packed=kernel)


@pytest.mark.parametrize("bits", [4, 5, 8])
@pytest.mark.parametrize("group_size", [32, 64, 128])
@pytest.mark.parametrize("shape", [(1, 128), (701, 384), (3, 40, 256)])  # one row, several chunks, a stack of experts
def test_expanding_gives_the_very_bits_of_mlx(bits: int, group_size: int, shape: tuple[int, ...]) -> None:
    from punie_acp.inference.blas import load_fast_blas

    load_fast_blas()
    import mlx.core as mx

    from punie_acp.inference.expand import expand_affine

    packed, scales, biases = mx.quantize(mx.random.normal(shape, key=mx.random.key(bits)), group_size, bits)
    ours = expand_affine(packed, scales, biases, bits)
    theirs = mx.dequantize(packed, scales, biases, group_size, bits)
    assert ours.shape == shape
    assert mx.array_equal(ours.view(mx.uint32), theirs.view(mx.uint32)).item()


@pytest.mark.parametrize("device", ["metal", "cuda"])
@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
def test_on_a_gpu_the_quantised_weights_stay_as_they_are(tmp_path, monkeypatch, device, family) -> None:
    """MLX's own quantised operations run on the CPU too, slowly: only where they run is pretended here."""
    folder = build_tiny_model(tmp_path, family, bits=4)
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.utils import load_model as load_packed

    from punie_acp.inference import loading
    from punie_acp.inference.memory import weight_bytes

    monkeypatch.setattr(loading, "compute_device", lambda: device)
    loaded = loading.load_model(folder, context_tokens=512)
    theirs, config = load_packed(folder)

    ours, stock = dict(tree_flatten(loaded.model.parameters())), dict(tree_flatten(theirs.parameters()))
    assert ours.keys() == stock.keys()
    assert all(array.dtype == stock[name].dtype and mx.array_equal(array, stock[name]) for name, array in ours.items())
    assert loaded.resident_bytes == weight_bytes(folder, config, expand=False)
    assert (loaded.device, loaded.prefill_step, loaded.decoder, loaded.packed) == (device, 2048, None, False)
    tokens = mx.array([[(7 * index) % 400 for index in range(20)]])
    assert mx.array_equal(loaded.model(tokens), theirs(tokens))


def test_weights_that_do_not_fit_their_configuration_are_one_sentence(tmp_path: Path) -> None:
    import json

    from punie_acp.inference.loading import load_model
    from punie_acp.inference.types import EngineError

    folder = build_tiny_model(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": config["num_hidden_layers"] + 2}))
    with pytest.raises(EngineError, match=r"^tiny cannot be loaded: Missing \d+ parameters, such as model\S+\.$"):
        load_model(folder, context_tokens=512)
