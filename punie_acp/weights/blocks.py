"""ggml's quantised blocks as affine grids: weight = scale * code + bias, one scale and bias a group of columns.

Every block type of ggml up to Q6_K is such a grid, so reading them all as `Grid` shows which ones MLX can hold as they
are: those whose groups have 32 columns. Layouts: ggml's ggml-common.h (structs) and ggml-quants.c (dequantize_row_*).
Products of a half-precision block scale with a 6-bit sub-scale need 17 bits of mantissa, so float32 holds them exactly
and neither float16 nor bfloat16 does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BlockType:
    """How many weights stand together in how many bytes."""

    name: str
    elements: int
    bytes: int

    @property
    def is_float(self) -> bool:
        return self.elements == 1


BLOCK_TYPES = {
    0: BlockType("F32", 1, 4),
    1: BlockType("F16", 1, 2),
    2: BlockType("Q4_0", 32, 18),
    3: BlockType("Q4_1", 32, 20),
    6: BlockType("Q5_0", 32, 22),
    7: BlockType("Q5_1", 32, 24),
    8: BlockType("Q8_0", 32, 34),
    10: BlockType("Q2_K", 256, 84),
    11: BlockType("Q3_K", 256, 110),
    12: BlockType("Q4_K", 256, 144),
    13: BlockType("Q5_K", 256, 176),
    14: BlockType("Q6_K", 256, 210),
    30: BlockType("BF16", 1, 2),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """Quantised weights. codes: (rows, columns) uint8 below 2**bits; scales and biases: (rows, columns // group)."""

    codes: Bytes
    scales: Floats
    biases: Floats
    bits: int

    @property
    def group(self) -> int:
        """Columns that share one scale."""
        return self.codes.shape[1] // self.scales.shape[1]

    def weights(self) -> Floats:
        """The weights as float32, (rows, columns)."""
        rows, groups = self.scales.shape
        codes = self.codes.reshape(rows, groups, -1).astype(np.float32)
        codes *= self.scales[:, :, None]
        codes += self.biases[:, :, None]
        return codes.reshape(rows, -1)


def read_grid(block: BlockType, rows: Bytes) -> Grid:
    """Raw rows of a quantised block type, (rows, bytes a row), as a grid."""
    blocks = rows.reshape(-1, block.bytes)
    codes, scales, biases, bits = _READERS[block.name](blocks)
    count = rows.shape[0]
    return Grid(codes.reshape(count, -1), scales.reshape(count, -1), biases.reshape(count, -1), bits)


def read_floats(block: BlockType, rows: Bytes) -> Floats:
    """Raw rows of any block type as float32, (rows, columns)."""
    raw = np.ascontiguousarray(rows)
    match block.name:
        case "F32":
            return raw.view("<f4")
        case "F16":
            return raw.view("<f2").astype(np.float32)
        case "BF16":
            return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
        case _:
            return read_grid(block, rows).weights()


# Of numpy's own width: a Python integer would make numpy's types forget that codes are bytes.
_NIBBLE, _FOUR = np.uint8(0x0F), np.uint8(4)
_PAIR, _BIT = np.uint8(3), np.uint8(1)
_SIX_BITS, _SIX = np.uint8(63), np.uint8(6)
_PAIR_SHIFTS = np.array([0, 2, 4, 6], np.uint8)[:, None]

_Read = tuple["Bytes", "Floats", "Floats", int]


def _half(blocks: Bytes, offset: int) -> Floats:
    """The half-precision number at `offset` of each block, (blocks, 1)."""
    return np.ascontiguousarray(blocks[:, offset : offset + 2]).view("<f2").astype(np.float32)


def _nibbles(packed: Bytes) -> Bytes:
    """(…, n) bytes to (…, 2n) codes: all low nibbles, then all high ones."""
    return np.concatenate([packed & _NIBBLE, packed >> _FOUR], axis=-1)


def _fifth_bits(blocks: Bytes, offset: int) -> Bytes:
    """The 32 high bits of a Q5_0 or Q5_1 block, each as 0 or 16."""
    return np.unpackbits(blocks[:, offset : offset + 4], axis=1, bitorder="little") << _FOUR


def _q4_0(blocks: Bytes) -> _Read:
    scale = _half(blocks, 0)
    return _nibbles(blocks[:, 2:18]), scale, -8 * scale, 4


def _q4_1(blocks: Bytes) -> _Read:
    return _nibbles(blocks[:, 4:20]), _half(blocks, 0), _half(blocks, 2), 4


def _q5_0(blocks: Bytes) -> _Read:
    scale = _half(blocks, 0)
    return _nibbles(blocks[:, 6:22]) | _fifth_bits(blocks, 2), scale, -16 * scale, 5


def _q5_1(blocks: Bytes) -> _Read:
    return _nibbles(blocks[:, 8:24]) | _fifth_bits(blocks, 4), _half(blocks, 0), _half(blocks, 2), 5


def _q8_0(blocks: Bytes) -> _Read:
    scale = _half(blocks, 0)
    return blocks[:, 2:34] ^ np.uint8(0x80), scale, -128 * scale, 8  # flipping the sign bit adds 128 to an int8


def _q2_k(blocks: Bytes) -> _Read:
    sub = blocks[:, 0:16]
    packed = blocks[:, 16:80].reshape(-1, 2, 1, 32)
    codes = (packed >> _PAIR_SHIFTS) & _PAIR
    scales, minimums = (sub & _NIBBLE).astype(np.float32), (sub >> _FOUR).astype(np.float32)
    return codes.reshape(-1, 256), _half(blocks, 80) * scales, -_half(blocks, 82) * minimums, 2


def _q3_k(blocks: Bytes) -> _Read:
    high = np.unpackbits(blocks[:, 0:32, None], axis=2, bitorder="little").transpose(0, 2, 1).reshape(-1, 256)
    packed = blocks[:, 32:96].reshape(-1, 2, 1, 32)
    low = (packed >> _PAIR_SHIFTS) & _PAIR
    scales = blocks[:, 96:108]
    high_pairs = ((scales[:, None, 8:] >> _PAIR_SHIFTS) & _PAIR).reshape(-1, 16)
    sub = (_nibbles(scales[:, :8]) | (high_pairs << _FOUR)).astype(np.float32) - 32
    scale = _half(blocks, 108) * sub
    return low.reshape(-1, 256) | (high << np.uint8(2)), scale, -4 * scale, 3


def _sub_scales(packed: Bytes) -> tuple[Floats, Floats]:
    """The eight 6-bit scales and minimums that Q4_K and Q5_K pack into 12 bytes."""
    first, second, third = packed[:, 0:4], packed[:, 4:8], packed[:, 8:12]
    scales = np.concatenate([first & _SIX_BITS, (third & _NIBBLE) | ((first >> _SIX) << _FOUR)], axis=1)
    minimums = np.concatenate([second & _SIX_BITS, (third >> _FOUR) | ((second >> _SIX) << _FOUR)], axis=1)
    return scales.astype(np.float32), minimums.astype(np.float32)


def _q4_k(blocks: Bytes) -> _Read:
    scales, minimums = _sub_scales(blocks[:, 4:16])
    codes = _nibbles(blocks[:, 16:144].reshape(-1, 4, 32)).reshape(-1, 256)
    return codes, _half(blocks, 0) * scales, -_half(blocks, 2) * minimums, 4


def _q5_k(blocks: Bytes) -> _Read:
    scales, minimums = _sub_scales(blocks[:, 4:16])
    low = _nibbles(blocks[:, 48:176].reshape(-1, 4, 32)).reshape(-1, 8, 32)
    high = (blocks[:, 16:48].reshape(-1, 1, 32) >> np.arange(8, dtype=np.uint8)[:, None]) & _BIT
    return (low | (high << _FOUR)).reshape(-1, 256), _half(blocks, 0) * scales, -_half(blocks, 2) * minimums, 5


def _q6_k(blocks: Bytes) -> _Read:
    low = _nibbles(blocks[:, 0:128].reshape(-1, 2, 64)).reshape(-1, 2, 4, 32)
    high = (blocks[:, 128:192].reshape(-1, 2, 1, 32) >> _PAIR_SHIFTS) & _PAIR
    scale = _half(blocks, 208) * np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32)
    return (low | (high << _FOUR)).reshape(-1, 256), scale, -32 * scale, 6


_READERS: dict[str, Callable[[Bytes], _Read]] = {
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q5_0": _q5_0,
    "Q5_1": _q5_1,
    "Q8_0": _q8_0,
    "Q2_K": _q2_k,
    "Q3_K": _q3_k,
    "Q4_K": _q4_k,
    "Q5_K": _q5_k,
    "Q6_K": _q6_k,
}
