"""Quantised weights written out as float32, the one type that a BLAS multiplies.

numpy writes every weight straight into the array that the model keeps, a few rows at a time on every core: bit for bit
what `mx.dequantize` gives, with no memory beyond the result, the packed tensor and its widened scales.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

from punie_acp.inference.blas import usable_cores

if TYPE_CHECKING:
    import mlx.core as mx
    import numpy as np
    from numpy.typing import NDArray

EXPANDED_BITS = (4, 5, 8)
"""What numpy unpacks faster than MLX's CPU back end does."""
_CHUNK = 1 << 18  # weights at a time: 1 MB of float32, which stays in a core's cache between the passes over it


def expanded(layer: Any) -> mx.array:  # noqa: ANN401 - MLX's quantised layers share attributes, not a class
    """The float32 weight of a quantised layer, evaluated: (..., rows, columns), scale · q + bias a group.

    The scales are widened before the product: in their own half precision it would be rounded once more.
    """
    import mlx.core as mx

    if layer.mode != "affine":
        weight = mx.dequantize(
            layer.weight, layer.scales, layer.get("biases"), layer.group_size, layer.bits, layer.mode
        )
        return weight.astype(mx.float32)
    scales, biases = layer.scales.astype(mx.float32), layer.biases.astype(mx.float32)
    if layer.bits in EXPANDED_BITS:
        return expand_affine(layer.weight, scales, biases, layer.bits)
    return mx.dequantize(layer.weight, scales, biases, layer.group_size, layer.bits)


def expand_affine(packed: mx.array, scales: mx.array, biases: mx.array, bits: int) -> mx.array:
    """What `mx.dequantize` gives, for the `bits` of `EXPANDED_BITS`.

    packed: uint32 (..., rows, words); scales and biases: float32 (..., rows, groups).
    """
    import mlx.core as mx
    import numpy as np

    groups = scales.shape[-1]
    size = packed.shape[-1] * 32 // bits // groups
    weight = mx.zeros((*packed.shape[:-1], groups * size), mx.float32)
    mx.eval(packed, scales, biases, weight)
    # MLX shares its memory through the buffer protocol; nobody else has seen `weight` yet, so it may be written to.
    values: NDArray[np.float32] = np.array(weight, copy=False, dtype=np.float32).reshape(-1, groups, size)
    quants = np.array(packed, copy=False, dtype=np.uint32).view(np.uint8).reshape(len(values), -1)
    factors: NDArray[np.float32] = np.array(scales, copy=False, dtype=np.float32).reshape(-1, groups, 1)
    offsets: NDArray[np.float32] = np.array(biases, copy=False, dtype=np.float32).reshape(-1, groups, 1)
    step = max(1, _CHUNK // (groups * size))

    def expand_rows(start: int) -> None:
        rows = slice(start, start + step)
        _unpack(quants[rows], bits, values[rows])
        values[rows] *= factors[rows]
        values[rows] += offsets[rows]

    with ThreadPoolExecutor(usable_cores()) as pool:  # numpy lets go of the interpreter's lock inside its loops
        for _ in pool.map(expand_rows, range(0, len(values), step)):
            pass
    return weight


def _unpack(quants: NDArray[np.uint8], bits: int, values: NDArray[np.float32]) -> None:
    """The integers in `quants`, (rows, bytes), as floats into `values`, (rows, groups, group size)."""
    import numpy as np

    if bits == 8:
        values[...] = quants.reshape(values.shape)
        return
    pairs: NDArray[np.uint64] = values.reshape(len(values), -1).view(np.uint64)
    if bits == 4:
        np.take(_pairs(4), quants, out=pairs, mode="clip")
        return
    eights = quants.reshape(len(quants), -1, 5)  # bytes, of which pair `index` begins in that of its number
    for index in range(4):
        both = eights[..., index] | (eights[..., index + 1].astype(np.uint16) << 8)
        pairs.reshape(len(pairs), -1, 4)[..., index] = _pairs(5)[(both >> 2 * index) & 1023]


@cache
def _pairs(bits: int) -> NDArray[np.uint64]:
    """Two integers of `bits` as two floats, by the number that both make; the first is in its low bits."""
    import numpy as np

    both = np.arange(1 << 2 * bits, dtype=np.uint32)
    return np.stack([both & ((1 << bits) - 1), both >> bits], axis=-1).astype(np.float32).view(np.uint64)[:, 0]
