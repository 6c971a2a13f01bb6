"""The two things MLX wants on disk: codes packed as its quantised layers read them, and a safetensors file.

MLX packs codes as one little-endian bit stream a row. safetensors is an 8-byte header length, a JSON header, then raw
little-endian arrays; writing it here, chunk by chunk at known offsets, keeps memory small however large the model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from punie_acp.weights.blocks import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    import numpy.typing as npt

GROUP = 32  # columns a scale: ggml's own grouping, and the smallest that MLX's affine layers take
PACKED_BITS = (4, 5, 8)
_SIZES = {"U32": 4, "F32": 4, "F16": 2, "BF16": 2}


def fits_mlx(grid: Grid) -> bool:
    """Whether MLX can hold the grid as it is, code for code."""
    return grid.group == GROUP and grid.bits in PACKED_BITS


def requantise(weights: npt.NDArray[np.float32]) -> Grid:
    """The nearest 8-bit grid with groups of 32: from the smallest to the largest weight in 255 steps."""
    rows = weights.shape[0]
    groups = weights.reshape(rows, -1, GROUP)
    low = groups.min(axis=2)
    scale = (groups.max(axis=2) - low) / np.float32(255)
    steps = np.where(scale > 0, scale, 1)[:, :, None]
    codes = np.rint((groups - low[:, :, None]) / steps).clip(0, 255).astype(np.uint8)
    return Grid(codes.reshape(rows, -1), scale, low, 8)


def pack(codes: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.uint32]:
    """Codes (rows, columns) as MLX's bit stream, (rows, columns * bits / 32). `bits` is one of `PACKED_BITS`."""
    rows = codes.shape[0]
    if bits == 8:
        stream = np.ascontiguousarray(codes)
    elif bits == 4:
        stream = codes[:, 0::2] | (codes[:, 1::2] << 4)
    else:
        shifts = np.arange(0, 8 * bits, bits, dtype=np.uint64)
        eights = np.bitwise_or.reduce(codes.reshape(rows, -1, 8).astype(np.uint64) << shifts, axis=2)
        stream = eights.astype("<u8").view(np.uint8).reshape(rows, -1, 8)[:, :, :bits].reshape(rows, -1)
    return np.ascontiguousarray(stream).view("<u4")


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """Name, safetensors type (a key of `_SIZES`) and shape of an array that will be written."""

    name: str
    type: str
    shape: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        return self.bytes // self.shape[0]

    @property
    def bytes(self) -> int:
        size = _SIZES[self.type]
        for length in self.shape:
            size *= length
        return size


class SafetensorsWriter:
    """Writes arrays of known shapes into one file, in any order and in slices of rows."""

    def __init__(self, path: Path, arrays: Sequence[ArraySpec]) -> None:
        self._arrays = {spec.name: spec for spec in arrays}
        header, self._offsets = _header(arrays)
        self._start = len(header)
        self._file = path.open("wb")
        self._file.write(header)

    def write_rows(self, name: str, first_row: int, rows: npt.NDArray[np.generic]) -> None:
        """Put `rows` at row `first_row` of the array `name`."""
        self._file.seek(self._start + self._offsets[name] + first_row * self._arrays[name].row_bytes)
        self._file.write(np.ascontiguousarray(rows).data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _header(arrays: Sequence[ArraySpec]) -> tuple[bytes, dict[str, int]]:
    """The file's head, padded so that the arrays start at a multiple of 8, and where each array starts after it."""
    offsets: dict[str, int] = {}
    entries: dict[str, object] = {"__metadata__": {"format": "mlx"}}
    end = 0
    for spec in arrays:
        offsets[spec.name] = end
        entries[spec.name] = {"dtype": spec.type, "shape": list(spec.shape), "data_offsets": [end, end + spec.bytes]}
        end += spec.bytes
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, offsets
