"""Small GGUF files of random weights, written by the `gguf` package: our reader is not checked against itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind

if TYPE_CHECKING:
    from pathlib import Path

# Where the half-precision scales of a block stand; every other byte of a block may have any value.
SCALE_OFFSETS = {
    Kind.Q4_0: (0,),
    Kind.Q4_1: (0, 2),
    Kind.Q5_0: (0,),
    Kind.Q5_1: (0, 2),
    Kind.Q8_0: (0,),
    Kind.Q2_K: (80, 82),
    Kind.Q3_K: (108,),
    Kind.Q4_K: (0, 2),
    Kind.Q5_K: (0, 2),
    Kind.Q6_K: (208,),
}
FLOATS = {Kind.F32: np.float32, Kind.F16: np.float16}
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def random_rows(kind: Kind, rows: int, columns: int, seed: int = 0, size: float = 0.04) -> np.ndarray:
    """Raw bytes of a (rows, columns) tensor of any type, whose weights have about `size` as standard deviation."""
    random = np.random.default_rng(seed)
    if kind in FLOATS:
        return random.normal(scale=size, size=(rows, columns)).astype(FLOATS[kind])
    if kind == Kind.BF16:
        floats = random.normal(scale=size, size=(rows, columns)).astype(np.float32)
        return (floats.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
    elements, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (rows * columns // elements, block_bytes), dtype=np.uint8)
    _set_scales(blocks, kind, random.uniform(0.5, 1.5, (len(blocks), len(SCALE_OFFSETS[kind]))))
    spread = gguf.dequantize(blocks, kind).std()
    _set_scales(blocks, kind, random.uniform(0.5, 1.5, (len(blocks), len(SCALE_OFFSETS[kind]))) * size / spread)
    return blocks.reshape(rows, -1)


def _set_scales(blocks: np.ndarray, kind: Kind, scales: np.ndarray) -> None:
    for number, offset in enumerate(SCALE_OFFSETS[kind]):
        blocks[:, offset : offset + 2] = scales[:, number, None].astype(np.float16).view(np.uint8)


def byte_tokens() -> list[str]:
    """The 256 characters that byte-level BPE writes bytes as, in the order in which Qwen's vocabulary has them."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(others))]


def small_vocabulary() -> tuple[list[str], list[int]]:
    """Tokens and their GGUF types: the bytes, one merge, Qwen's special tokens (3), tool tags (4), padding (5)."""
    tokens = [*byte_tokens(), "ĠĠ", *SPECIAL, "<tool_call>", "</tool_call>"]
    types = [1] * 257 + [3] * 3 + [4] * 2
    padding = -len(tokens) % 32
    return tokens + [f"[PAD{number}]" for number in range(padding)], types + [5] * padding


def write_gguf(
    path: Path,
    kinds: dict[str, Kind],
    *,
    architecture: str = "qwen2",
    hidden: int = 256,
    feed_forward: int = 512,
    heads: int = 4,
    kv_heads: int = 2,
    layers: int = 2,
    vocabulary: tuple[list[str], list[int]] | None = None,
    default: Kind = Kind.Q4_K,
) -> Path:
    """A whole model. `kinds` maps a tensor's last name ("attn_q", "token_embd", …) to its type; others get `default`.

    The model has an output matrix of its own only if `kinds` names "output"."""
    tokens, types = vocabulary or small_vocabulary()
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(512)
    writer.add_embedding_length(hidden)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    _add_tokenizer(writer, tokens, types)
    key_values = hidden // heads * kv_heads
    seed = 0

    def add(name: str, rows: int, columns: int) -> None:
        nonlocal seed
        seed += 1
        kind = kinds.get(name.split(".")[-2], default)
        raw = random_rows(kind, rows, columns, seed)
        writer.add_tensor(name, raw, raw_dtype=kind)

    def add_vector(name: str, size: int, around: float) -> None:
        nonlocal seed
        seed += 1
        values = np.random.default_rng(seed).normal(around, 0.05, size)
        writer.add_tensor(name, values.astype(np.float32))

    add("token_embd.weight", len(tokens), hidden)
    add_vector("output_norm.weight", hidden, 1)
    if "output" in kinds:
        add("output.weight", len(tokens), hidden)
    for layer in range(layers):
        prefix = f"blk.{layer}"
        add_vector(f"{prefix}.attn_norm.weight", hidden, 1)
        add_vector(f"{prefix}.ffn_norm.weight", hidden, 1)
        for part, rows in (("q", hidden), ("k", key_values), ("v", key_values)):
            add(f"{prefix}.attn_{part}.weight", rows, hidden)
            if architecture == "qwen2":
                add_vector(f"{prefix}.attn_{part}.bias", rows, 0)
            elif part != "v":
                add_vector(f"{prefix}.attn_{part}_norm.weight", hidden // heads, 1)
        add(f"{prefix}.attn_output.weight", hidden, hidden)
        add(f"{prefix}.ffn_gate.weight", feed_forward, hidden)
        add(f"{prefix}.ffn_up.weight", feed_forward, hidden)
        add(f"{prefix}.ffn_down.weight", hidden, feed_forward)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: gguf.GGUFWriter, tokens: list[str], types: list[int]) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(["Ġ Ġ"])
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_chat_template(TEMPLATE)
