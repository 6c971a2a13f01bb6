"""How a dense Qwen2 or Qwen3 in GGUF becomes one in MLX: names of tensors, and config.json.

llama.cpp keeps Qwen's weights in their published order (its converter permutes queries and keys for Llama only), so a
tensor changes its name and nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from punie_acp.weights.errors import UnsupportedModelError

if TYPE_CHECKING:
    from punie_acp.weights.gguf import GgufFile

ARCHITECTURES = {"qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}

_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_LAYER = re.compile(r"blk\.(\d+)\.(\w+)\.(weight|bias)")


def mlx_name(gguf_name: str) -> str | None:
    """What MLX calls a tensor, for example `model.layers.0.mlp.up_proj.weight`; None for one it has no place for."""
    if match := _LAYER.fullmatch(gguf_name):
        layer, part, kind = match.groups()
        return f"model.layers.{layer}.{_IN_LAYER[part]}.{kind}" if part in _IN_LAYER else None
    part, _, kind = gguf_name.rpartition(".")
    return f"{_TOP[part]}.{kind}" if part in _TOP else None


def require_supported(file: GgufFile) -> None:
    """Raise `UnsupportedModelError` for what is not a dense Qwen2 or Qwen3 with a place for each tensor."""
    architecture = file.text("general.architecture")
    if architecture not in ARCHITECTURES:
        raise UnsupportedModelError(
            f"{file.path.name} is of the architecture {architecture!r}; dense Qwen2 and Qwen3 models can be "
            "imported from GGUF. For others, import an MLX folder."
        )
    if file.integer("split.count", 1) != 1:
        raise UnsupportedModelError(
            f"{file.path.name} is one of several pieces; join them with llama-gguf-split --merge."
        )
    unknown = [name for name in file.tensors if mlx_name(name) is None]
    if unknown:
        raise UnsupportedModelError(
            f"{file.path.name} has tensors that MLX's {architecture} does not know: {unknown[0]}."
        )


def is_tied(file: GgufFile) -> bool:
    """Whether the embedding also serves as output matrix: llama.cpp then writes no `output.weight`."""
    return "output.weight" not in file.tensors


def config(file: GgufFile, quantised: dict[str, int]) -> dict[str, object]:
    """config.json. `quantised` maps a layer's path to its bits; all groups are 32 wide."""
    architecture = file.text("general.architecture")
    heads = file.integer(f"{architecture}.attention.head_count")
    hidden = file.integer(f"{architecture}.embedding_length")
    values: dict[str, object] = {
        "architectures": [ARCHITECTURES[architecture]],
        "model_type": architecture,
        "hidden_act": "silu",
        "hidden_size": hidden,
        "num_hidden_layers": file.integer(f"{architecture}.block_count"),
        "intermediate_size": file.integer(f"{architecture}.feed_forward_length"),
        "num_attention_heads": heads,
        "num_key_value_heads": file.integer(f"{architecture}.attention.head_count_kv", heads),
        "head_dim": file.integer(f"{architecture}.attention.key_length", hidden // heads),
        "rms_norm_eps": _shortest(file.number(f"{architecture}.attention.layer_norm_rms_epsilon")),
        "rope_theta": _shortest(file.number(f"{architecture}.rope.freq_base")),
        "max_position_embeddings": file.integer(f"{architecture}.context_length"),
        "vocab_size": file.tensors["token_embd.weight"].shape[0],
        "tie_word_embeddings": is_tied(file),
        "eos_token_id": file.integer("tokenizer.ggml.eos_token_id"),
        "torch_dtype": "float32",
    }
    if scaling := _rope_scaling(file, architecture):
        values["rope_scaling"] = scaling
    if quantised:
        layers = {path: {"group_size": 32, "bits": bits, "mode": "affine"} for path, bits in quantised.items()}
        values["quantization"] = {"group_size": 32, "bits": min(quantised.values()), "mode": "affine", **layers}
    return values


def _shortest(value: float) -> float:
    """The decimal that was meant: 1e-06, not 9.999999974752427e-07."""
    return float(str(np.float32(value)))


def _rope_scaling(file: GgufFile, architecture: str) -> dict[str, object] | None:
    kind = file.text(f"{architecture}.rope.scaling.type", "none")
    if kind == "none":
        return None
    if kind not in ("linear", "yarn"):
        raise UnsupportedModelError(
            f"{file.path.name} scales its positions by {kind!r}; linear and yarn can be imported."
        )
    scaling: dict[str, object] = {"rope_type": kind, "factor": file.number(f"{architecture}.rope.scaling.factor")}
    if kind == "yarn":
        original = file.integer(f"{architecture}.rope.scaling.original_context_length")
        scaling["original_max_position_embeddings"] = original
    return scaling
