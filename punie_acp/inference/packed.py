"""The layers of a quantised model on a CPU that has our kernels: they compute with the weights as they are stored.

Each product is computed when the layer is called, not when its result is asked for, because the kernels are no part of
MLX's graph. An output layer waits until it is asked: of a prompt only the last position ever is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard, cast

from mlx import nn

from punie_acp.inference.compiled import PACKED_BITS, PackedWeights

if TYPE_CHECKING:
    import mlx.core as mx
    import numpy as np
    from numpy.typing import NDArray

    from punie_acp.inference.compiled import Kernels, WeightsStruct

_ASKED = 16
"""Positions for which an output layer is computed at once: more are a prompt's, of which only the last is looked at."""

_FEED_FORWARD = frozenset(f"mlx_lm.models.{family}.MLP" for family in ("qwen2", "qwen3", "qwen3_moe"))

Quantised = nn.QuantizedLinear | nn.QuantizedEmbedding


def can_pack(layer: nn.Module) -> TypeGuard[Quantised]:
    """Whether the kernels know how `layer` is quantised."""
    return (
        isinstance(layer, nn.QuantizedLinear | nn.QuantizedEmbedding)
        and layer.mode == "affine"
        and layer.bits in PACKED_BITS
        and layer.group_size % 32 == 0
    )


class PackedLinear(nn.Module):
    """What a quantised linear layer computes: x Wᵀ + bias."""

    def __init__(self, layer: nn.QuantizedLinear, kernels: Kernels, *, is_output: bool) -> None:
        super().__init__()
        self.packed = Packed(layer, kernels)
        self._is_output = is_output
        if "bias" in layer:
            self.bias = layer["bias"]

    def __call__(self, x: mx.array) -> mx.array:
        """(batch, time, columns) → (batch, time, rows)."""
        y = self.packed.output(x) if self._is_output else self.packed.multiply(x)
        return y + cast("mx.array", self.bias) if "bias" in self else y

    @property
    def packed_bytes(self) -> int:
        """Memory of the weights, which are not among the module's parameters."""
        return self.packed.nbytes


class PackedEmbedding(nn.Module):
    """An embedding that is the output layer too (tied weights)."""

    def __init__(self, layer: nn.QuantizedEmbedding, kernels: Kernels) -> None:
        super().__init__()
        self.packed = Packed(layer, kernels)

    def __call__(self, ids: mx.array) -> mx.array:
        """(batch, time) → (batch, time, columns)."""
        return self.packed.rows(ids)

    def as_linear(self, x: mx.array) -> mx.array:
        """(batch, time, columns) → (batch, time, rows)."""
        return self.packed.output(x)

    @property
    def packed_bytes(self) -> int:
        """Memory of the weights, which are not among the module's parameters."""
        return self.packed.nbytes


class PackedFeedForward(nn.Module):
    """The feed-forward layer of Qwen2 and Qwen3 in one go: three products, and the SiLU between them."""

    def __init__(self, gate: PackedLinear, up: PackedLinear, down: PackedLinear) -> None:
        super().__init__()
        self.parts = (gate.packed, up.packed, down.packed)

    def __call__(self, x: mx.array) -> mx.array:
        """(batch, time, columns) → (batch, time, columns)."""
        gate, up, down = self.parts
        return gate.feed_forward(x, up, down)

    @property
    def packed_bytes(self) -> int:
        """Memory of the weights, which are not among the module's parameters."""
        return sum(part.nbytes for part in self.parts)


def packed_feed_forward(layer: nn.Module) -> PackedFeedForward | None:
    """What takes the place of `layer` where that is such a layer and its parts are packed already."""
    if f"{type(layer).__module__}.{type(layer).__name__}" not in _FEED_FORWARD:
        return None
    parts = [cast("object", layer[name]) for name in ("gate_proj", "up_proj", "down_proj")]
    packed = [part for part in parts if isinstance(part, PackedLinear) and "bias" not in part]
    return PackedFeedForward(*packed) if len(packed) == len(parts) else None


class Packed:
    """Packed weights in MLX's memory, which the kernels read where it is."""

    def __init__(self, layer: Quantised, kernels: Kernels) -> None:
        import mlx.core as mx

        self._kernels = kernels
        self._bits, self._group_size = int(layer.bits), int(layer.group_size)
        scales, biases = (array.astype(mx.float16) for array in (layer.scales, cast("mx.array", layer.biases)))
        self._quants, self._scales = layer.weight, scales
        self._biases = None if mx.array_equal(biases, self._middle(scales)).item() else biases
        kept = [array for array in (self._quants, scales, self._biases) if array is not None]
        mx.eval(kept)
        self._weights = PackedWeights(
            _seen(layer.weight), _seen(scales), None if self._biases is None else _seen(biases), self._bits
        )
        self.nbytes = sum(array.nbytes for array in kept)

    @property
    def described(self) -> WeightsStruct:
        """As the kernels take them."""
        return self._weights.described

    def multiply(self, x: mx.array) -> mx.array:
        """(batch, time, columns) → (batch, time, rows)."""
        return _as_array(self._kernels.multiply(_rows(x), self._weights), x)

    def feed_forward(self, x: mx.array, up: Packed, down: Packed) -> mx.array:
        """(batch, time, columns) → (batch, time, columns), these being the weights of the gate."""
        return _as_array(self._kernels.feed_forward(_rows(x), self._weights, up._weights, down._weights), x)

    def output(self, x: mx.array) -> mx.array:
        """As `multiply`, but for many positions slow and lazy: mlx_lm's prefill calls for them and does not look."""
        import mlx.core as mx

        if x.size <= _ASKED * x.shape[-1]:
            return self.multiply(x)
        factors = self._factors(slice(None))
        return mx.quantized_matmul(
            x, self._quants, *factors, transpose=True, group_size=self._group_size, bits=self._bits
        )

    def rows(self, ids: mx.array) -> mx.array:
        import mlx.core as mx

        return mx.dequantize(self._quants[ids], *self._factors(ids), group_size=self._group_size, bits=self._bits)

    def _factors(self, rows: mx.array | slice) -> tuple[mx.array, mx.array]:
        """Scales and biases of some rows, as float32."""
        import mlx.core as mx

        scales = self._scales[rows].astype(mx.float32)
        return scales, self._middle(scales) if self._biases is None else self._biases[rows].astype(mx.float32)

    def _middle(self, scales: mx.array) -> mx.array:
        """The biases that make zero of the middle integer, as all have that were quantised without biases."""
        return scales * -(2 ** (self._bits - 1))


def _rows(x: mx.array) -> NDArray[np.float32]:
    """(batch, time, columns) → (batch · time, columns), in one piece."""
    import mlx.core as mx
    import numpy as np

    return np.ascontiguousarray(_seen(x.astype(mx.float32)).reshape(-1, x.shape[-1]))


def _as_array(y: NDArray[np.float32], x: mx.array) -> mx.array:
    """`y` in the shape of `x` but for the last axis."""
    import mlx.core as mx

    return mx.array(y).reshape(*x.shape[:-1], -1)


def _seen(array: mx.array) -> NDArray[Any]:
    """`array` as numpy sees it through the buffer protocol, evaluated and not copied."""
    import numpy as np

    return cast("NDArray[Any]", np.array(array, copy=False))
