"""Computing with packed weights: the kernels' products, and models that use them, against float32."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.tiny_models import build_tiny_model  # loads the fast BLAS where it builds

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the kernels are for Linux on x86-64"
)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("group_size", [32, 64, 128])
@pytest.mark.parametrize(("rows", "columns", "batch"), [(1, 128, 1), (1000, 384, 1), (77, 256, 7), (1300, 1024, 40)])
def test_the_kernels_multiply_as_float32_does(bits: int, group_size: int, rows: int, columns: int, batch: int) -> None:
    from punie_acp.inference.blas import load_fast_blas

    load_fast_blas()
    import mlx.core as mx
    import numpy as np

    from punie_acp.inference.compiled import PackedWeights, load_kernels

    weight = mx.random.normal((rows, columns), key=mx.random.key(bits))
    x = np.array(mx.random.normal((batch, columns), key=mx.random.key(7)))
    packed = mx.quantize(weight, group_size, bits)
    exact = np.array(mx.dequantize(*packed, group_size, bits)).astype(np.float64)
    got = load_kernels().multiply(x, PackedWeights(*(np.array(array) for array in packed), bits))
    assert got.shape == (batch, rows)
    assert np.abs(got - x @ exact.T).max() < 1e-5 * np.abs(x @ exact.T).max()


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("bits", [4, 6, 8])  # the kernels do not know 6, which stays float32
def test_a_model_computes_with_packed_weights_as_with_float32(tmp_path: Path, bits: int, tied: bool) -> None:
    folder = build_tiny_model(tmp_path, bits=bits, tied=tied)
    import mlx.core as mx
    from mlx_lm.models.cache import make_prompt_cache

    from punie_acp.inference.loading import load_model
    from punie_acp.inference.packed import PackedLinear

    packed = load_model(folder, context_tokens=512)
    plain = load_model(folder, context_tokens=512, packed=False)
    assert any(isinstance(layer, PackedLinear) for layer in packed.model.modules()) == (bits != 6)
    assert not any(isinstance(layer, PackedLinear) for layer in plain.model.modules())
    caches = [make_prompt_cache(loaded.model) for loaded in (packed, plain)]
    for tokens in (
        [[5, 6, 7, 8, 9, 10, 11]],
        [[12]],
        [[13, 14, 15]],
        [[16]],
        [list(range(20, 50))],
    ):  # many, one, a few
        ours, theirs = (
            loaded.model(mx.array(tokens), cache=cache)[:, -1]
            for loaded, cache in zip((packed, plain), caches, strict=True)
        )
        assert mx.abs(ours - theirs).max().item() < 1e-4 * mx.abs(theirs).max().item()


def test_the_kernels_are_compiled_once_and_then_found(tmp_path: Path) -> None:
    from punie_acp.inference.compiled import load_kernels

    load_kernels(tmp_path)
    (library,) = tmp_path.iterdir()
    built = library.stat().st_mtime_ns
    load_kernels.cache_clear()
    load_kernels(tmp_path)
    assert library.stat().st_mtime_ns == built


def test_without_a_compiler_models_load_as_float32(tmp_path: Path) -> None:
    folder = build_tiny_model(tmp_path / "model", bits=4)
    script = (
        "import sys; from pathlib import Path\n"
        "from punie_acp.inference.blas import load_fast_blas; load_fast_blas()\n"
        "from punie_acp.inference.compiled import load_kernels\n"
        "from punie_acp.weights.compiler import KernelUnavailableError\n"
        "from punie_acp.inference.loading import load_model\n"
        "from punie_acp.inference.packed import PackedLinear\n"
        "try: load_kernels()\n"
        "except KernelUnavailableError as error: print(error)\n"
        "model = load_model(Path(sys.argv[1]), context_tokens=64).model\n"
        "print(any(isinstance(layer, PackedLinear) for layer in model.modules()))\n"
    )
    environment = {**os.environ, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "CC": ""}
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], env=environment, capture_output=True, text=True, check=True
    )
    sentence, used = done.stdout.splitlines()
    assert "no C compiler" in sentence
    assert used == "False"
