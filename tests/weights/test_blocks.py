"""ggml's blocks, against the dequantisation of the `gguf` package and of MLX."""

from __future__ import annotations

import gguf
import mlx.core as mx
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind

from punie_acp.weights.blocks import BLOCK_TYPES, read_floats, read_grid
from punie_acp.weights.mlx_layout import GROUP, fits_mlx, pack, requantise
from tests.weights.gguf_files import SCALE_OFFSETS, random_rows

WITHOUT_MINIMUM = {Kind.Q4_0, Kind.Q5_0, Kind.Q8_0}  # scale · (code - middle), where nothing is ever rounded
EXACT = {Kind.Q4_0, Kind.Q4_1, Kind.Q5_0, Kind.Q5_1, Kind.Q8_0, Kind.Q4_K, Kind.Q5_K}


@pytest.mark.parametrize("kind", [Kind(number) for number in BLOCK_TYPES], ids=lambda kind: kind.name)
def test_every_block_type_reads_as_the_weights_it_stands_for(kind):
    raw = random_rows(kind, 8, 1024)
    expected = gguf.dequantize(raw, kind).reshape(8, 1024)
    np.testing.assert_array_equal(read_floats(BLOCK_TYPES[kind], raw.view(np.uint8)), expected)


@pytest.mark.parametrize("kind", sorted(EXACT), ids=lambda kind: kind.name)
def test_blocks_that_mlx_can_represent_are_repacked_without_loss(kind):
    raw = random_rows(kind, 8, 1024)
    grid = read_grid(BLOCK_TYPES[kind], raw)
    assert fits_mlx(grid)
    packed, scales, biases = (mx.array(part) for part in (pack(grid.codes, grid.bits), grid.scales, grid.biases))
    read_by_mlx = np.array(mx.dequantize(packed, scales, biases, group_size=GROUP, bits=grid.bits))
    # MLX may fuse the multiplication with the addition; one rounding of float32 is all that may differ.
    tolerance = 0 if kind in WITHOUT_MINIMUM else np.abs(read_by_mlx).max() * 2**-23
    np.testing.assert_allclose(read_by_mlx, gguf.dequantize(raw, kind), rtol=0, atol=tolerance)


def test_what_mlx_cannot_represent_is_requantised_within_half_a_step():
    assert {
        kind for kind in SCALE_OFFSETS if not fits_mlx(read_grid(BLOCK_TYPES[kind], random_rows(kind, 1, 256)))
    } == {
        Kind.Q2_K,
        Kind.Q3_K,
        Kind.Q6_K,
    }
    weights = read_floats(BLOCK_TYPES[Kind.Q6_K], random_rows(Kind.Q6_K, 8, 1024))
    grid = requantise(weights)
    half_step = grid.scales.repeat(GROUP, axis=1) / 2
    assert (np.abs(grid.weights() - weights) <= half_step * 1.001 + 1e-7).all()


def test_requantising_survives_groups_of_one_value():
    weights = np.full((2, 64), 0.25, np.float32)
    np.testing.assert_array_equal(requantise(weights).weights(), weights)
