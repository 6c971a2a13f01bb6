"""How far an import moved a model's logits: the GGUF file's own weights against what MLX reads from the new folder.

Both run side by side through a plain numpy forward pass in float32, layer by layer, so memory stays at two layers
whatever the size, and neither MLX's kernels nor our packing can hide a mistake in both. Dense Qwen2 and Qwen3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from punie_acp.weights import qwen
from punie_acp.weights.blocks import read_floats
from punie_acp.weights.manifest import read_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from punie_acp.weights.gguf import GgufFile
    from punie_acp.weights.progress import Progress

    Floats = npt.NDArray[np.float32]

_PROMPT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWrite a Python function that counts "
    "the lines of a file.<|im_end|>\n<|im_start|>assistant\n```python\ndef count_lines(path):\n    with open(path"
)
_VOCABULARY_SLICE = 8192  # rows of the output matrix at once


@dataclass(frozen=True, slots=True)
class LogitDrift:
    """Over all positions of a fixed prompt and the whole vocabulary."""

    tokens: int
    max_difference: float  # of a logit
    mean_kl: float  # Kullback-Leibler divergence from the file's own next-token distribution, nats
    top_agreement: float  # share of positions with the same most likely token

    def __str__(self) -> str:
        return (
            f"over {self.tokens} tokens the most likely next token agrees at {100 * self.top_agreement:.0f} %, "
            f"mean KL {self.mean_kl:.1e} nats, largest change of a logit {self.max_difference:.3f}"
        )


class Weights(Protocol):
    """A model's weights by MLX's names, as float32."""

    def rows(self, name: str, rows: slice | list[int]) -> Floats:
        """Some rows of a matrix."""
        ...

    def all(self, name: str) -> Floats:
        """A whole vector or matrix."""
        ...

    def has(self, name: str) -> bool: ...


class GgufWeights:
    """The file's own weights."""

    def __init__(self, file: GgufFile) -> None:
        self._tensors = {qwen.mlx_name(name): tensor for name, tensor in file.tensors.items()}

    def rows(self, name: str, rows: slice | list[int]) -> Floats:
        tensor = self._tensors[name]
        return read_floats(tensor.type, tensor.rows[rows])

    def all(self, name: str) -> Floats:
        return self.rows(name, slice(None)).reshape(self._tensors[name].shape)

    def has(self, name: str) -> bool:
        return name in self._tensors


class MlxWeights:
    """What MLX itself reads and dequantises from a folder."""

    def __init__(self, folder: Path) -> None:
        import mlx.core as mx

        self._arrays: dict[str, Any] = {}
        for file in sorted(folder.glob("model*.safetensors")):
            loaded: Any = mx.load(str(file))
            self._arrays.update(loaded)
        self._bits: dict[str, Any] = read_json(folder / "config.json").get("quantization", {})

    def rows(self, name: str, rows: slice | list[int]) -> Floats:
        import mlx.core as mx

        path, _, kind = name.rpartition(".")
        chosen = mx.array(rows) if isinstance(rows, list) else rows
        array = self._arrays[name][chosen]
        if kind == "weight" and (layer := self._bits.get(path)):
            scales, biases = self._arrays[f"{path}.scales"][chosen], self._arrays[f"{path}.biases"][chosen]
            array = mx.dequantize(array, scales, biases, group_size=layer["group_size"], bits=layer["bits"])
        floats: Any = array.astype(mx.float32)
        return np.asarray(floats, dtype=np.float32)

    def all(self, name: str) -> Floats:
        return self.rows(name, slice(None))

    def has(self, name: str) -> bool:
        return name in self._arrays


def compare(file: GgufFile, folder: Path, progress: Progress) -> LogitDrift:
    """Run a fixed prompt through the weights of `file` and through the model in `folder`."""
    tokens = _prompt_tokens(folder)
    passes = [ForwardPass(read_json(folder / "config.json"), w) for w in (GgufWeights(file), MlxWeights(folder))]
    states = [forward.embed(tokens) for forward in passes]
    progress.start("comparing the logits", _bytes_of(file, ""))
    for layer in range(passes[0].layers):
        states = [forward.layer(layer, state) for forward, state in zip(passes, states, strict=True)]
        progress.advance(_bytes_of(file, f"blk.{layer}."))
    own, imported = (forward.logits(state) for forward, state in zip(passes, states, strict=True))
    progress.advance(_bytes_of(file, "") - _bytes_of(file, "blk."))
    progress.finish()
    return drift(own, imported)


def _bytes_of(file: GgufFile, prefix: str) -> int:
    return sum(tensor.rows.nbytes for name, tensor in file.tensors.items() if name.startswith(prefix))


def drift(own: Floats, other: Floats) -> LogitDrift:
    """Compare two sets of logits, (tokens, vocabulary)."""
    own_log, other_log = _log_softmax(own), _log_softmax(other)
    return LogitDrift(
        tokens=len(own),
        max_difference=float(np.abs(own - other).max()),
        mean_kl=max(0.0, float((np.exp(own_log) * (own_log - other_log)).sum(axis=1).mean())),
        top_agreement=float((own.argmax(axis=1) == other.argmax(axis=1)).mean()),
    )


class ForwardPass:
    """A dense Qwen2 or Qwen3 on one sequence, straight from the definition. States are (time, hidden)."""

    def __init__(self, config: dict[str, Any], weights: Weights) -> None:
        self._weights = weights
        self._heads: int = config["num_attention_heads"]
        self._kv_heads: int = config["num_key_value_heads"]
        self._head_dim: int = config["head_dim"]
        self._epsilon: float = config["rms_norm_eps"]
        self._theta: float = config["rope_theta"]
        self._vocabulary: int = config["vocab_size"]
        self._output = "model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"
        self.layers: int = config["num_hidden_layers"]

    def embed(self, tokens: Sequence[int]) -> Floats:
        return self._weights.rows("model.embed_tokens.weight", list(tokens))

    def layer(self, number: int, state: Floats) -> Floats:
        path = f"model.layers.{number}"
        state = state + self._attention(f"{path}.self_attn", self._norm(f"{path}.input_layernorm", state))
        return state + self._mlp(f"{path}.mlp", self._norm(f"{path}.post_attention_layernorm", state))

    def logits(self, state: Floats) -> Floats:
        state = self._norm("model.norm", state)
        starts = range(0, self._vocabulary, _VOCABULARY_SLICE)
        slices = [slice(start, min(start + _VOCABULARY_SLICE, self._vocabulary)) for start in starts]
        return np.concatenate([state @ self._weights.rows(self._output, rows).T for rows in slices], axis=1)

    def _linear(self, path: str, state: Floats) -> Floats:
        result = state @ self._weights.all(f"{path}.weight").T
        return result + self._weights.all(f"{path}.bias") if self._weights.has(f"{path}.bias") else result

    def _norm(self, path: str, state: Floats) -> Floats:
        scale = np.sqrt((state * state).mean(axis=-1, keepdims=True) + np.float32(self._epsilon))
        return state / scale * self._weights.all(f"{path}.weight")

    def _mlp(self, path: str, state: Floats) -> Floats:
        gate = self._linear(f"{path}.gate_proj", state)
        return self._linear(
            f"{path}.down_proj", gate / (np.float32(1) + np.exp(-gate)) * self._linear(f"{path}.up_proj", state)
        )

    def _attention(self, path: str, state: Floats) -> Floats:
        queries = self._rotate(self._split(path, "q", state, self._heads))
        keys = self._rotate(self._split(path, "k", state, self._kv_heads))
        values = self._split(path, "v", state, self._kv_heads)
        shared = self._heads // self._kv_heads
        keys, values = keys.repeat(shared, axis=0), values.repeat(shared, axis=0)
        scores = queries @ keys.transpose(0, 2, 1) / np.float32(self._head_dim**0.5)
        scores = np.where(np.tri(len(state), dtype=bool), scores, np.float32(-np.inf))
        mixed = np.exp(_log_softmax(scores)) @ values
        return self._linear(f"{path}.o_proj", mixed.transpose(1, 0, 2).reshape(len(state), -1))

    def _split(self, path: str, part: str, state: Floats, heads: int) -> Floats:
        """Queries, keys or values, (heads, time, head_dim); Qwen3 normalises queries and keys head by head."""
        projected = self._linear(f"{path}.{part}_proj", state).reshape(len(state), heads, self._head_dim)
        if self._weights.has(f"{path}.{part}_norm.weight"):
            projected = self._norm(f"{path}.{part}_norm", projected)
        return projected.transpose(1, 0, 2)

    def _rotate(self, heads: Floats) -> Floats:
        """Rotary positions, the two halves of a head turned against each other (not neighbouring pairs)."""
        half = self._head_dim // 2
        frequencies = np.power(self._theta, -np.arange(half, dtype=np.float64) / half)
        angles = np.outer(np.arange(heads.shape[1], dtype=np.float64), frequencies)
        cosine, sine = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        first, second = heads[..., :half], heads[..., half:]
        turned = [first * cosine - second * sine, second * cosine + first * sine]
        return np.concatenate(turned, axis=-1, dtype=np.float32)


def _log_softmax(values: Floats) -> Floats:
    shifted = values - values.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _prompt_tokens(folder: Path) -> list[int]:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json")).encode(_PROMPT).ids
