"""Writes the tokenizer of a GGUF file as `tokenizer.json` and `tokenizer_config.json`, special tokens and all.

GGUF marks each token with a type. Types 3 (control) and 4 (user defined) are matched in the text before anything is
split, so they must be *added tokens* here; type 3 is also special, which means that decoding may skip it. Leave one out
and `<|im_start|>` quietly becomes six ordinary tokens, and the model merely looks stupid.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from punie_acp.weights.errors import UnsupportedModelError
from punie_acp.weights.gguf import GgufError

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.weights.gguf import GgufFile

_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4
# As in Qwen's published tokenizer.json; llama.cpp names it `qwen2` and keeps the same expression in its source.
_QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_END_OF_TEXT = "<|endoftext|>"


def write_tokenizer(file: GgufFile, folder: Path) -> None:
    """Write the tokenizer files and `generation_config.json` into `folder`.

    Raises `UnsupportedModelError` for a tokenizer that is not Qwen's kind of byte-level BPE.
    """
    kind, split = file.text("tokenizer.ggml.model"), file.text("tokenizer.ggml.pre", "")
    if (kind, split) != ("gpt2", "qwen2"):
        raise UnsupportedModelError(
            f"{file.path.name} has a tokenizer of the kind {kind}/{split}; gpt2/qwen2 is known."
        )
    tokens, added = file.texts("tokenizer.ggml.tokens"), _added_tokens(file)
    _write(folder / "tokenizer.json", _tokenizer(file, tokens, added))
    _write(folder / "tokenizer_config.json", _tokenizer_config(file, tokens, added))
    _write(folder / "generation_config.json", _generation_config(file, tokens))


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _added_tokens(file: GgufFile) -> list[dict[str, object]]:
    tokens, types = file.texts("tokenizer.ggml.tokens"), file.integers("tokenizer.ggml.token_type")
    if len(tokens) != len(types):
        raise GgufError(f"{file.path.name} is damaged: {len(tokens)} tokens, but {len(types)} token types.")
    flags: dict[str, object] = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return [
        {"id": number, "content": token, **flags, "special": kind == _CONTROL}
        for number, (token, kind) in enumerate(zip(tokens, types, strict=True))
        if kind in (_CONTROL, _USER_DEFINED)
    ]


def _tokenizer(file: GgufFile, tokens: list[str], added: list[dict[str, object]]) -> dict[str, object]:
    types = file.integers("tokenizer.ggml.token_type")
    merges = [merge.split(" ", 1) for merge in file.texts("tokenizer.ggml.merges")]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    splitter = {"type": "Split", "pattern": {"Regex": _QWEN2_SPLIT}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [splitter, byte_level]},
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: number for number, token in enumerate(tokens) if types[number] == _NORMAL},
            "merges": merges,
        },
    }


def _tokenizer_config(file: GgufFile, tokens: list[str], added: list[dict[str, object]]) -> dict[str, object]:
    architecture = file.text("general.architecture")
    end = tokens[file.integer("tokenizer.ggml.eos_token_id")]
    padding = file.integer("tokenizer.ggml.padding_token_id", file.integer("tokenizer.ggml.eos_token_id"))
    values: dict[str, object] = {
        "tokenizer_class": "Qwen2Tokenizer",
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": {str(token["id"]): {k: v for k, v in token.items() if k != "id"} for token in added},
        "additional_special_tokens": [token["content"] for token in added if token["special"]],
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": end,
        "errors": "replace",
        "model_max_length": file.integer(f"{architecture}.context_length"),
        "pad_token": tokens[padding],
        "split_special_tokens": False,
        "unk_token": None,
    }
    if "tokenizer.chat_template" in file.metadata:
        values["chat_template"] = file.text("tokenizer.chat_template")
    return values


def _generation_config(file: GgufFile, tokens: list[str]) -> dict[str, object]:
    """Decoding stops at the end of a message, and at the end of a text, which GGUF does not name as an end."""
    ends = [file.integer("tokenizer.ggml.eos_token_id")]
    if _END_OF_TEXT in tokens and tokens.index(_END_OF_TEXT) not in ends:
        ends.append(tokens.index(_END_OF_TEXT))
    return {"eos_token_id": ends, "pad_token_id": file.integer("tokenizer.ggml.padding_token_id", ends[-1])}
