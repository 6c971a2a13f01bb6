"""Reads GGUF files (versions 2 and 3): metadata as Python values, tensors as views on the mapped file.

The layout is specified in ggml's docs/gguf.md: magic, version, tensor count, metadata count, metadata, tensor
descriptions, padding, data. Nothing is copied and no weight is decoded here; that is `blocks`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punie_acp.weights.blocks import BLOCK_TYPES, BlockType
from punie_acp.weights.errors import UnsupportedModelError, WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

MetadataValue = bool | int | float | str | list[bool] | list[int] | list[float] | list[str]

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_DEFAULT_ALIGNMENT = 32


class GgufError(WeightsError):
    """The file is not GGUF, or is damaged."""


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor. `rows` are its raw bytes, (rows, bytes a row); `shape` is row-major, as in numpy."""

    name: str
    shape: tuple[int, ...]
    type: BlockType
    rows: npt.NDArray[np.uint8]

    @property
    def columns(self) -> int:
        return self.shape[-1]


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A mapped GGUF file."""

    path: Path
    metadata: dict[str, MetadataValue]
    tensors: dict[str, GgufTensor]

    def text(self, key: str, default: str | None = None) -> str:
        value = self.metadata.get(key, default)
        if not isinstance(value, str):
            raise GgufError(f"{self.path.name} has no text under {key!r} in its metadata.")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        value = self.metadata.get(key, default)
        if not isinstance(value, int):
            raise GgufError(f"{self.path.name} has no integer under {key!r} in its metadata.")
        return value

    def number(self, key: str) -> float:
        value = self.metadata.get(key)
        if not isinstance(value, (int, float)):
            raise GgufError(f"{self.path.name} has no number under {key!r} in its metadata.")
        return float(value)

    def texts(self, key: str) -> list[str]:
        value = self.metadata.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise GgufError(f"{self.path.name} has no list of texts under {key!r} in its metadata.")
        return [str(item) for item in value]

    def integers(self, key: str) -> list[int]:
        value = self.metadata.get(key)
        if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
            raise GgufError(f"{self.path.name} has no list of integers under {key!r} in its metadata.")
        return [int(item) for item in value]


def read_gguf(path: Path) -> GgufFile:
    """Map `path` and read its directory. Raises `GgufError` (not GGUF, damaged, cut short) and
    `UnsupportedModelError` (a tensor type that is not known here)."""
    try:
        data = np.memmap(path, dtype=np.uint8, mode="r")
    except (OSError, ValueError) as error:
        raise GgufError(f"{path} cannot be read: {error}.") from error
    try:
        return _parse(path, data)
    except (struct.error, UnicodeDecodeError, MemoryError, OverflowError) as error:
        raise GgufError(f"{path.name} is damaged or cut short: {error}.") from error


def _parse(path: Path, data: npt.NDArray[np.uint8]) -> GgufFile:
    cursor = _Cursor(memoryview(data))  # pyright: ignore[reportArgumentType] -- numpy says so from Python 3.12 on
    if bytes(cursor.take(4)) != b"GGUF":
        raise GgufError(f"{path.name} is not a GGUF file.")
    version = cursor.scalar("I")
    if version not in (2, 3):
        raise GgufError(f"{path.name} is GGUF version {version}; versions 2 and 3 can be read.")
    tensor_count, metadata_count = cursor.count(), cursor.count()
    metadata = {cursor.string(): cursor.value(cursor.integer("I")) for _ in range(metadata_count)}
    described = [_describe(cursor) for _ in range(tensor_count)]
    alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1:
        raise GgufError(f"{path.name} is damaged: its alignment is {alignment!r}.")
    start = -(-cursor.position // alignment) * alignment
    tensors = {name: _view(path, data, start + offset, name, shape, kind) for name, shape, kind, offset in described}
    return GgufFile(path, metadata, tensors)


def _describe(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    name = cursor.string()
    dimensions = [cursor.integer("Q") for _ in range(cursor.integer("I"))]
    return name, tuple(reversed(dimensions)), cursor.integer("I"), cursor.integer("Q")


def _view(
    path: Path, data: npt.NDArray[np.uint8], start: int, name: str, shape: tuple[int, ...], kind: int
) -> GgufTensor:
    if kind not in BLOCK_TYPES:
        known = ", ".join(block.name for block in BLOCK_TYPES.values())
        raise UnsupportedModelError(
            f"{path.name}: tensor {name} is of ggml type {kind}; these can be imported: {known}."
        )
    block = BLOCK_TYPES[kind]
    if not shape or 0 in shape or shape[-1] % block.elements:
        raise GgufError(f"{path.name} is damaged: tensor {name} of type {block.name} has the shape {shape}.")
    row_count = 1
    for size in shape[:-1]:
        row_count *= size
    row_bytes = shape[-1] // block.elements * block.bytes
    if start + row_count * row_bytes > len(data):
        raise GgufError(f"{path.name} is cut short: tensor {name} ends after the file does.")
    rows = data[start : start + row_count * row_bytes].reshape(row_count, row_bytes)
    return GgufTensor(name, shape, block, rows)


class _Cursor:
    """A place in the mapped file that moves on as values are read."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.position = 0

    def take(self, size: int) -> memoryview:
        end = self.position + size
        if end > len(self._data):
            raise struct.error(f"{size} bytes wanted at {self.position}, the file has {len(self._data)}")
        taken = self._data[self.position : end]
        self.position = end
        return taken

    def scalar(self, code: str) -> bool | int | float:
        value: bool | int | float = struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]
        return value

    def integer(self, code: str) -> int:
        return int(self.scalar(code))

    def count(self) -> int:
        """A 64-bit count of things that each take at least one byte."""
        count = self.integer("Q")
        if count > len(self._data):
            raise struct.error(f"a count of {count} at {self.position - 8} is more than the file can hold")
        return count

    def string(self) -> str:
        return str(self.take(self.count()), "utf-8")

    def value(self, kind: int) -> MetadataValue:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self._array(self.integer("I"), self.count())
        if kind not in _SCALARS:
            raise struct.error(f"metadata type {kind} at {self.position} is not known")
        return self.scalar(_SCALARS[kind])

    def _array(self, kind: int, count: int) -> MetadataValue:
        if kind == _STRING:
            return [self.string() for _ in range(count)]
        if kind not in _SCALARS:
            raise struct.error(f"an array of metadata type {kind} at {self.position} cannot be read")
        code = f"<{count}{_SCALARS[kind]}"
        return list(struct.unpack(code, self.take(struct.calcsize(code))))
