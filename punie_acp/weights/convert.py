"""Turns a GGUF file into a folder that `mlx_lm.load` reads, and says what happened to each tensor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from punie_acp.weights import qwen
from punie_acp.weights.blocks import Grid, read_floats, read_grid
from punie_acp.weights.mlx_layout import GROUP, ArraySpec, SafetensorsWriter, fits_mlx, pack, requantise
from punie_acp.weights.tokenizer import write_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from punie_acp.weights.gguf import GgufFile, GgufTensor
    from punie_acp.weights.progress import Progress

WEIGHTS_FILE = "model.safetensors"
How = Literal["kept", "repacked", "requantised"]
_CHUNK_WEIGHTS = 4 << 20  # decoded at once; bounds memory to some 100 MB


@dataclass(frozen=True, slots=True)
class TensorReport:
    """What became of one tensor. Errors compare the stored weights with the file's own, as float32."""

    name: str
    source_type: str
    bits: int  # 32 or 16 for one that is stored as floats
    how: How
    max_error: float
    relative_error: float  # root mean square of the error, over that of the weights


@dataclass(frozen=True, slots=True)
class _Plan:
    """One tensor on its way: where it goes, and as what."""

    tensor: GgufTensor
    name: str  # MLX's, with .weight or .bias
    how: How
    bits: int

    @property
    def path(self) -> str:
        """The layer's path, for example `model.layers.0.mlp.up_proj`."""
        return self.name.rpartition(".")[0]

    def arrays(self) -> list[ArraySpec]:
        shape = self.tensor.shape
        if self.how == "kept":
            return [ArraySpec(self.name, self.tensor.type.name, shape)]
        rows, columns = shape
        groups = (rows, columns // GROUP)
        return [
            ArraySpec(self.name, "U32", (rows, columns * self.bits // 32)),
            ArraySpec(f"{self.path}.scales", "F32", groups),
            ArraySpec(f"{self.path}.biases", "F32", groups),
        ]


def convert(file: GgufFile, folder: Path, progress: Progress) -> list[TensorReport]:
    """Write weights, config and tokenizer of `file` into `folder`, which exists and is empty.

    Raises `UnsupportedModelError` before anything is written, and `OSError` from writing.
    """
    qwen.require_supported(file)
    plans = [_plan(tensor) for tensor in file.tensors.values()]
    write_tokenizer(file, folder)
    quantised = {plan.path: plan.bits for plan in plans if plan.how != "kept"}
    config = json.dumps(qwen.config(file, quantised), indent=1)
    (folder / "config.json").write_text(config, encoding="utf-8")
    progress.start("repacking the weights for MLX", sum(plan.tensor.rows.nbytes for plan in plans))
    with SafetensorsWriter(folder / WEIGHTS_FILE, [spec for plan in plans for spec in plan.arrays()]) as writer:
        reports = [_write(plan, writer, progress) for plan in plans]
    progress.finish()
    return reports


def converted_bytes(file: GgufFile) -> int:
    """How much disk the converted weights will use."""
    qwen.require_supported(file)
    return sum(spec.bytes for tensor in file.tensors.values() for spec in _plan(tensor).arrays())


def _plan(tensor: GgufTensor) -> _Plan:
    name = qwen.mlx_name(tensor.name)
    assert name is not None, "require_supported came first"
    if tensor.type.is_float:
        return _Plan(tensor, name, "kept", 8 * tensor.type.bytes)
    sample = read_grid(tensor.type, tensor.rows[:1])
    if not fits_mlx(sample):
        return _Plan(tensor, name, "requantised", 8)
    return _Plan(tensor, name, "repacked", sample.bits)


def _write(plan: _Plan, writer: SafetensorsWriter, progress: Progress) -> TensorReport:
    squares = error_squares = max_error = 0.0
    for first_row, raw in _chunks(plan.tensor):
        if plan.how == "kept":
            writer.write_rows(plan.name, first_row, raw)
        elif plan.how == "repacked":
            _write_grid(plan, first_row, read_grid(plan.tensor.type, raw), writer)
        else:
            weights = read_floats(plan.tensor.type, raw)
            grid = requantise(weights)
            _write_grid(plan, first_row, grid, writer)
            error = (grid.weights() - weights).ravel()
            squares += float(weights.ravel() @ weights.ravel())
            error_squares += float(error @ error)
            max_error = max(max_error, float(np.abs(error).max()))
        progress.advance(raw.nbytes)
    relative = (error_squares / squares) ** 0.5 if squares else 0.0
    return TensorReport(plan.name, plan.tensor.type.name, plan.bits, plan.how, max_error, relative)


def _write_grid(plan: _Plan, first_row: int, grid: Grid, writer: SafetensorsWriter) -> None:
    writer.write_rows(plan.name, first_row, pack(grid.codes, plan.bits))
    writer.write_rows(f"{plan.path}.scales", first_row, grid.scales)
    writer.write_rows(f"{plan.path}.biases", first_row, grid.biases)


def _chunks(tensor: GgufTensor) -> Iterator[tuple[int, np.ndarray[tuple[int, int], np.dtype[np.uint8]]]]:
    step = max(1, _CHUNK_WEIGHTS // tensor.columns)
    for first_row in range(0, len(tensor.rows), step):
        yield first_row, tensor.rows[first_row : first_row + step]
