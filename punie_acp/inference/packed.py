"""The layers of a quantised model on a CPU that has our kernels: they compute with the weights as they are stored.

Each product is computed when the layer is called, not when its result is asked for, because the kernels are no part of
MLX's graph. An output layer waits until it is asked: of a prompt only the last position ever is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard, cast

from mlx import nn

from punie_acp.inference.compiled import MATVEC_ROWS, PackedWeights

if TYPE_CHECKING:
    import mlx.core as mx
    from numpy.typing import NDArray

    from punie_acp.inference.compiled import Kernels

Quantised = nn.QuantizedLinear | nn.QuantizedEmbedding


def can_pack(layer: nn.Module) -> TypeGuard[Quantised]:
    """Whether the kernels know how `layer` is quantised."""
    return (
        isinstance(layer, nn.QuantizedLinear | nn.QuantizedEmbedding)
        and layer.mode == "affine"
        and layer.bits in (4, 8)
        and layer.group_size % 32 == 0
    )


class PackedLinear(nn.Module):
    """What a quantised linear layer computes: x Wᵀ + bias."""

    def __init__(self, layer: nn.QuantizedLinear, kernels: Kernels, *, is_output: bool) -> None:
        super().__init__()
        self._packed = _Packed(layer, kernels)
        self._is_output = is_output
        if "bias" in layer:
            self.bias = layer["bias"]

    def __call__(self, x: mx.array) -> mx.array:
        """(batch, time, columns) → (batch, time, rows)."""
        y = self._packed.output(x) if self._is_output else self._packed.multiply(x)
        return y + cast("mx.array", self.bias) if "bias" in self else y

    @property
    def packed_bytes(self) -> int:
        """Memory of the weights, which are not among the module's parameters."""
        return self._packed.nbytes


class PackedEmbedding(nn.Module):
    """An embedding that is the output layer too (tied weights)."""

    def __init__(self, layer: nn.QuantizedEmbedding, kernels: Kernels) -> None:
        super().__init__()
        self._packed = _Packed(layer, kernels)

    def __call__(self, ids: mx.array) -> mx.array:
        """(batch, time) → (batch, time, columns)."""
        return self._packed.rows(ids)

    def as_linear(self, x: mx.array) -> mx.array:
        """(batch, time, columns) → (batch, time, rows)."""
        return self._packed.output(x)

    @property
    def packed_bytes(self) -> int:
        """Memory of the weights, which are not among the module's parameters."""
        return self._packed.nbytes


class _Packed:
    """Packed weights in MLX's memory, which the kernels read where it is."""

    def __init__(self, layer: Quantised, kernels: Kernels) -> None:
        import mlx.core as mx

        self._kernels = kernels
        self._bits, self._group_size = int(layer.bits), int(layer.group_size)
        wide = [array.astype(mx.float32) for array in (layer.scales, cast("mx.array", layer.biases))]
        self._arrays: tuple[mx.array, mx.array, mx.array] = (layer.weight, wide[0], wide[1])
        mx.eval(self._arrays)
        quants, scales, biases = (_seen(array) for array in self._arrays)
        self._weights = PackedWeights(quants, scales, biases, self._bits)
        self.nbytes = sum(array.nbytes for array in self._arrays)

    def multiply(self, x: mx.array) -> mx.array:
        import mlx.core as mx
        import numpy as np

        values = np.ascontiguousarray(_seen(x.astype(mx.float32)).reshape(-1, x.shape[-1]))
        return mx.array(self._kernels.multiply(values, self._weights)).reshape(*x.shape[:-1], -1)

    def output(self, x: mx.array) -> mx.array:
        """As `multiply`, but for many positions slow and lazy: mlx_lm's prefill calls for them and does not look."""
        import mlx.core as mx

        if x.size <= MATVEC_ROWS * x.shape[-1]:
            return self.multiply(x)
        return mx.quantized_matmul(x, *self._arrays, transpose=True, group_size=self._group_size, bits=self._bits)

    def rows(self, ids: mx.array) -> mx.array:
        import mlx.core as mx

        chosen = [array[ids] for array in self._arrays]
        return mx.dequantize(*chosen, group_size=self._group_size, bits=self._bits)


def _seen(array: mx.array) -> NDArray[Any]:
    """`array` as numpy sees it through the buffer protocol, evaluated and not copied."""
    import numpy as np

    return cast("NDArray[Any]", np.array(array, copy=False))
