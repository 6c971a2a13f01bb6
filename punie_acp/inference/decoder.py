"""Decoding with packed weights, a token in one call of a C kernel (`kernels/decode.c`) instead of hundreds of MLX's.

For the transformers that the kernel knows, Qwen2 and Qwen3 with all their layers packed. Prompts go through the model
itself; both write the same caches.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from punie_acp.inference.compiled import WeightsStruct
from punie_acp.inference.packed import PackedEmbedding, PackedFeedForward, PackedLinear

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import mlx.core as mx
    from mlx import nn
    from numpy.typing import NDArray

    from punie_acp.inference.compiled import Kernels
    from punie_acp.inference.kv import PromptCache
    from punie_acp.inference.packed import Packed

    Parts: TypeAlias = Any  # a module of mlx_lm's, which says nothing of its parts

_BLOCKS = frozenset(f"mlx_lm.models.{family}.TransformerBlock" for family in ("qwen2", "qwen3"))
_ROOM = 256
"""Positions by which a cache grows."""
_PRODUCTS = ("query", "key", "value", "output", "gate", "up", "down")
_VECTORS = ("query_bias", "key_bias", "value_bias", "query_norm", "key_norm", "attention_norm", "feed_norm")


class Model(Protocol):
    """mlx_lm's models, and what decodes in their place."""

    def __call__(self, ids: mx.array, *, cache: PromptCache) -> mx.array:
        """(1, time) of token ids → (1, time, vocabulary) of logits. They are in `cache` then."""
        ...


class _Layer(ctypes.Structure):
    """`struct layer` of decode.c."""

    _fields_ = (
        *((name, WeightsStruct) for name in _PRODUCTS),
        *((name, ctypes.c_void_p) for name in _VECTORS),
        ("keys", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
    )


class _Transformer(ctypes.Structure):
    """`struct transformer` of decode.c."""

    _fields_ = (
        ("layers", ctypes.c_void_p),
        ("output", ctypes.c_void_p),
        ("norm", ctypes.c_void_p),
        ("frequencies", ctypes.c_void_p),
        *((name, ctypes.c_int) for name in ("count", "hidden", "heads", "kv_heads", "head_size", "capacity")),
        ("epsilon", ctypes.c_float),
        ("scale", ctypes.c_float),
    )


def decoder_of(model: nn.Module, kernels: Kernels) -> Decoder | None:
    """What decodes with the weights of `model`; None where the kernel does not know its kind."""
    try:
        return Decoder(model, kernels)
    except _UnknownKindError:
        return None


class _UnknownKindError(Exception):
    """The kernel does not compute what this model does."""


class Decoder:
    """The weights of a model as the kernel takes them. Belongs to the thread of the model."""

    def __init__(self, model: nn.Module, kernels: Kernels) -> None:
        """Raises `_UnknownKindError`."""
        self.model = cast("Model", model)
        self.kernels = kernels
        self._kept: list[object] = []  # what the kernel has the address of
        parts: Parts = model
        inner = parts["model"]
        blocks = cast("list[Parts]", inner["layers"])
        self.embedding = cast("Callable[[mx.array], mx.array]", inner["embed_tokens"])
        self.layers = (_Layer * len(blocks))(*(self._layer(block) for block in blocks))
        self.output = _packed(parts.get("lm_head", self.embedding)).described
        self.transformer = self._transformer(blocks[0]["self_attn"], inner["norm"])

    def decoding(self, cache: PromptCache) -> Decoding:
        """What computes a request into `cache`, which it may change in place from now on."""
        return Decoding(self, cache)

    def _layer(self, block: Parts) -> _Layer:
        attention, feed = block["self_attn"], block["mlp"]
        _require(_kind(block) in _BLOCKS, isinstance(feed, PackedFeedForward))
        linears = [attention[f"{name}_proj"] for name in "qkvo"]
        products = [_packed(linear).described for linear in linears] + [part.described for part in feed.parts]
        _require("bias" not in linears[3])
        vectors = [linear.get("bias", None) for linear in linears[:3]]
        vectors += [attention[name]["weight"] if name in attention else None for name in ("q_norm", "k_norm")]
        vectors += [block[name]["weight"] for name in ("input_layernorm", "post_attention_layernorm")]
        return _Layer(*products, *(None if vector is None else self._address(vector) for vector in vectors))

    def _transformer(self, attention: Parts, norm: Parts) -> _Transformer:
        heads, kv_heads = int(attention.n_heads), int(attention.n_kv_heads)
        size, hidden = self.layers[0].query.rows // heads, self.layers[0].query.columns
        _require(size % 8 == 0, hidden % 8 == 0, heads % kv_heads == 0)
        addresses = (
            ctypes.addressof(self.output),
            self._address(norm["weight"]),
            self._frequencies(attention.rope, size),
        )
        counts = len(self.layers), hidden, heads, kv_heads, size, 0
        return _Transformer(None, *addresses, *counts, norm.eps, attention.scale)

    def _frequencies(self, rope: Parts, size: int) -> int:
        import numpy as np

        _require(_kind(rope) == "mlx.nn.layers.positional_encoding.RoPE")
        _require(not rope.traditional, rope.scale == 1, rope.dims == size)
        frequencies = (rope.base ** (-np.arange(0, size, 2) / size)).astype(np.float32)
        self._kept.append(frequencies)
        return frequencies.ctypes.data

    def _address(self, vector: mx.array) -> int:
        self._kept.append(vector)
        return _place(vector)


class Decoding:
    """Computes one request, in place of the model: what is more than a token goes through the model itself.

    Nobody else may hold the arrays of its cache, so they are copied as it begins.
    """

    def __init__(self, decoder: Decoder, cache: PromptCache) -> None:
        self.kernels = decoder.kernels
        self._decoder = decoder
        self._layers = type(decoder.layers).from_buffer_copy(decoder.layers)
        self._transformer = _Transformer.from_buffer_copy(decoder.transformer)
        self._transformer.layers = ctypes.addressof(self._layers)
        self._known: list[mx.array] = []  # the keys and values that the kernel has the addresses of
        self._usable = all(_kind(layer) == "mlx_lm.models.cache.KVCache" for layer in cache)
        if self._usable:
            _widen(cache)

    def __call__(self, ids: mx.array, cache: PromptCache) -> mx.array:
        """(1, time) of token ids → (1, time, vocabulary) of logits. They are in `cache` then."""
        if ids.size != 1 or not self._usable or cache[0].keys is None:
            self._known.clear()  # so that MLX may write where they lie
            return self._decoder.model(ids, cache=cache)
        if cache[0].offset == cache[0].keys.shape[2]:
            _widen(cache)
        self._point_at([array for layer in cache for array in (layer.keys, layer.values)])
        logits = self._computed(ids, int(cache[0].offset))
        for layer in cache:
            layer.offset += 1
        return logits

    def _point_at(self, arrays: Sequence[mx.array]) -> None:
        """Have the kernel read and write these keys and values."""
        if len(self._known) == len(arrays) and all(a is b for a, b in zip(self._known, arrays, strict=True)):
            return
        import mlx.core as mx

        mx.eval(*arrays)
        self._known = list(arrays)
        addresses = [_place(array) for array in arrays]
        for layer, keys, values in zip(self._layers, addresses[::2], addresses[1::2], strict=True):
            layer.keys, layer.values = keys, values
        self._transformer.capacity = arrays[0].shape[2]

    def _computed(self, ids: mx.array, position: int) -> mx.array:
        import mlx.core as mx
        import numpy as np

        embedded = self._decoder.embedding(ids).astype(mx.float32)
        x = np.ascontiguousarray(_seen(embedded))
        logits = np.empty((1, 1, self._decoder.output.rows), np.float32)
        kernels = self.kernels
        places = ctypes.byref(self._transformer), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(logits.ctypes.data)
        if kernels.library.punie_decode(*places, position, kernels.threads):
            raise MemoryError("no memory to decode a token")
        return mx.array(logits)


def _widen(cache: PromptCache) -> None:
    """Copy the keys and values of each layer, with room for more behind them."""
    import mlx.core as mx

    for layer in cache:
        if layer.keys is not None:
            layer.keys, layer.values = (
                mx.concatenate(
                    [array[..., : layer.offset, :], mx.zeros((*array.shape[:2], _ROOM, array.shape[3]))], axis=2
                )
                for array in (layer.keys, layer.values)
            )


def _place(array: mx.array) -> int:
    """Where the numbers of `array` lie, evaluated, in one piece. Raises `_UnknownKindError` where they do not."""
    seen = _seen(array)
    _require(seen.dtype == "float32", seen.flags.c_contiguous)
    return seen.ctypes.data


def _seen(array: mx.array) -> NDArray[Any]:
    """`array` as numpy sees it, evaluated and not copied."""
    import numpy as np

    return cast("NDArray[Any]", np.array(array, copy=False))


def _packed(layer: object) -> Packed:
    """The weights of a linear layer, or of an embedding that is the output layer too."""
    if isinstance(layer, PackedLinear | PackedEmbedding):
        return layer.packed
    raise _UnknownKindError


def _kind(thing: object) -> str:
    return f"{type(thing).__module__}.{type(thing).__name__}"


def _require(*conditions: bool) -> None:
    if not all(conditions):
        raise _UnknownKindError
