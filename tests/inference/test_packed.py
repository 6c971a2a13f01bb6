"""Computing with packed weights: the kernels' products, and models that use them, against float32."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.tiny_models import build_tiny_model  # loads the fast BLAS where it builds

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from punie_acp.inference.compiled import Kernels, PackedWeights

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="the kernels are for Linux on x86-64"
)


@pytest.mark.parametrize("portable", [True, False])
@pytest.mark.parametrize("bits", [4, 5, 8])
@pytest.mark.parametrize("group_size", [32, 64, 128])
@pytest.mark.parametrize(("rows", "columns", "batch"), [(1, 128, 1), (1000, 384, 1), (77, 256, 7), (1300, 1024, 40)])
def test_the_kernels_multiply_as_float32_does_but_for_the_rounding_of_x(
    bits: int, group_size: int, rows: int, columns: int, batch: int, portable: bool
) -> None:
    import numpy as np

    x, packed, exact = products_of(rows, columns, batch, bits, group_size)
    got = kernels(portable=portable).multiply(x, packed)
    assert got.shape == (batch, rows)
    lengths = np.linalg.norm(x, axis=1).max() * np.linalg.norm(exact, axis=1).max()
    assert largest(got - rounded(x) @ exact.T) < 1e-6 * lengths
    assert largest(got - x @ exact.T) < 0.002 * lengths


@pytest.mark.parametrize("portable", [True, False])
@pytest.mark.parametrize("bits", [4, 5, 8])
@pytest.mark.parametrize("columns", [*range(32, 288, 32), 544])
def test_columns_need_not_fill_what_the_kernels_take_at_a_time(bits: int, columns: int, portable: bool) -> None:
    for group_size in (size for size in (32, 64, 128) if columns % size == 0):
        x, packed, exact = products_of(33, columns, 3, bits, group_size)
        got = kernels(portable=portable).multiply(x, packed)
        assert largest(got - rounded(x) @ exact.T) < 1e-6 * largest(got)


@pytest.mark.parametrize("portable", [True, False])
@pytest.mark.parametrize("bits", [4, 5, 8])
@pytest.mark.parametrize("columns", [32, 96, 224, 512])
def test_nothing_is_read_beyond_the_weights(bits: int, columns: int, portable: bool) -> None:
    """Each array ends where memory ends: to read on would end the process."""
    import numpy as np

    from punie_acp.inference.compiled import PackedWeights

    x, packed, _ = products_of(5, columns, 1, bits, 32)
    assert packed.biases is not None
    at_the_end = PackedWeights(*(before_a_wall(a) for a in (packed.quants, packed.scales, packed.biases)), bits)
    got = kernels(portable=portable).multiply(x, at_the_end)
    assert np.array_equal(got, kernels(portable=portable).multiply(x, packed))


def before_a_wall(array: NDArray[Any]) -> NDArray[Any]:
    """A copy of `array` that ends at a page which nobody may read."""
    import ctypes
    import mmap

    import numpy as np

    size = -(-array.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, size + mmap.PAGESIZE)
    copy = np.frombuffer(memory, array.dtype, array.size, size - array.nbytes).reshape(array.shape)
    copy[...] = array
    wall = ctypes.c_void_p(copy.ctypes.data + array.nbytes)
    assert ctypes.CDLL(None).mprotect(wall, mmap.PAGESIZE, 0) == 0  # PROT_NONE
    return copy


@pytest.mark.parametrize("bits", [4, 5, 8])
def test_biases_that_the_scales_imply_are_not_kept(bits: int) -> None:
    import mlx.core as mx
    import numpy as np
    from mlx import nn

    from punie_acp.inference.packed import Packed

    x, given, _ = products_of(40, 96, 20, bits, 32)
    layer = nn.QuantizedEmbedding(40, 96, group_size=32, bits=bits)
    layer.weight, layer.scales = mx.array(given.quants), mx.array(given.scales).astype(mx.float32)
    layer.biases = layer.scales * -(2 ** (bits - 1))
    packed = Packed(layer, kernels())
    assert packed.nbytes == layer.weight.nbytes + layer.scales.nbytes // 2
    weight = mx.dequantize(layer.weight, layer.scales, layer.biases, 32, bits)
    assert mx.array_equal(packed.rows(mx.array([[3, 0, 39]])), weight[mx.array([[3, 0, 39]])]).item()
    exact = np.array(weight).astype(np.float64)
    assert largest(np.array(packed.multiply(mx.array(x[None])))[0] - rounded(x) @ exact.T) < 1e-5
    assert largest(np.array(packed.output(mx.array(x[None])))[0] - x @ exact.T) < 1e-4


@pytest.mark.parametrize("count", [1, 7, 8, 2049, 151_936])
def test_the_normalizer_makes_probabilities_of_logits(count: int) -> None:
    import numpy as np

    logits = np.random.default_rng(count).normal(0, 5, count).astype(np.float32)
    logits[1:2] = -np.inf
    exact = np.log(np.exp(logits.astype(np.float64)).sum())
    assert abs(kernels().normalizer(logits, float(logits.max())) - exact) < 1e-5


@pytest.mark.parametrize("bits", [4, 5, 8])
def test_a_product_is_the_same_however_many_there_are(bits: int) -> None:
    x, packed, _ = products_of(130, 288, 11, bits, 32)
    alone = [kernels().multiply(x[row : row + 1], packed)[0] for row in range(11)]
    assert (kernels().multiply(x, packed) == alone).all()


def test_what_is_all_zero_stays_so() -> None:
    x, packed, _ = products_of(5, 64, 2, 4, 32)
    x[0] = 0
    assert (kernels().multiply(x, packed)[0] == 0).all()


def test_a_feed_forward_layer_is_its_three_products_and_the_silu_between_them() -> None:
    import numpy as np

    x, gate, _ = products_of(96, 64, 5, 4, 32)
    _, up, _ = products_of(96, 64, 5, 8, 32)
    _, down, _ = products_of(64, 96, 5, 4, 32)
    x[1] *= 1000  # where exp overflows
    made, other = kernels().multiply(x, gate), kernels().multiply(x, up)
    with np.errstate(over="ignore"):
        inner = made / (1 + np.exp(-made)) * other
    expected = kernels().multiply(inner.astype(np.float32), down)
    for row, ours in zip(expected, kernels().feed_forward(x, gate, up, down), strict=True):
        assert largest(ours - row) < 0.01 * largest(row)  # a last digit can make another byte


def kernels(*, portable: bool = False) -> Kernels:
    from punie_acp.inference.blas import load_fast_blas
    from punie_acp.inference.compiled import load_kernels

    load_fast_blas()
    return load_kernels(portable=portable)


def products_of(
    rows: int, columns: int, batch: int, bits: int, group_size: int
) -> tuple[NDArray[np.float32], PackedWeights, NDArray[np.float64]]:
    """x, random weights, and these as they are meant."""
    import mlx.core as mx
    import numpy as np

    from punie_acp.inference.compiled import PackedWeights

    weight = mx.random.normal((rows, columns), key=mx.random.key(bits))
    x = np.array(mx.random.normal((batch, columns), key=mx.random.key(7)))
    quants, *factors = mx.quantize(weight, group_size, bits)
    scales, biases = (array.astype(mx.float16) for array in factors)
    wide = [array.astype(mx.float32) for array in (scales, biases)]
    exact = np.array(mx.dequantize(quants, *wide, group_size, bits)).astype(np.float64)
    return x, PackedWeights(np.array(quants), np.array(scales), np.array(biases), bits), exact


def rounded(x: NDArray[np.float32]) -> NDArray[np.float64]:
    """x in bytes, each 32 with a scale of their own."""
    import numpy as np

    chunks = x.reshape(len(x), -1, 32)
    most = np.abs(chunks).max(-1, keepdims=True)
    values = np.rint(chunks * (np.float32(127) / most)).astype(np.float64) * (most / np.float32(127))
    return values.reshape(x.shape)


def largest(values: NDArray[np.float64] | NDArray[np.float32]) -> float:
    import numpy as np

    return float(np.abs(values).max())


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("bits", [4, 5, 6, 8])  # the kernels do not know 6, which stays float32
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
        assert (ours * theirs).sum().item() > 0.99 * (mx.linalg.norm(ours) * mx.linalg.norm(theirs)).item()


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
