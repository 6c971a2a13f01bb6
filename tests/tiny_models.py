"""Tiny, randomly initialised models in real model folders: a real byte-level BPE tokenizer with Qwen's special tokens,
ChatML, and Qwen2 or Qwen3 weights as safetensors, float32, half precision or quantised. Built in well under a second.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Family = Literal["qwen2", "qwen3"]
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TAGS = ("<tool_call>", "</tool_call>")  # added tokens that are text, as in Qwen2.5
CORPUS = [
    "def main():\n    for line in open('src/app.py'):\n        print(line.strip())\n",
    "The quick brown fox jumps over the lazy dog. Which Python file has the most TODO comments?",
    '{"name": "execute_code", "arguments": {"code": "print(read_file(\'a.py\'))"}}',
    "<function=execute_code><parameter=code>import pathlib\n</parameter></function>```python\n```",
    "system user assistant tool You are a helpful assistant. naïve café 日本語 🙂",
] * 4

CHAT_TEMPLATE = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}{{- messages[0]['content'] + '\\n\\n' }}{%- endif %}
    {{- '# Tools\\n\\n<tools>' }}
    {%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
    {{- '\\n</tools>\\n\\n' }}
    {{- 'Write each call as {"name": ..., "arguments": ...} within <tool_call></tool_call>.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- elif not (tools and loop.first and message.role == 'system') %}
        {{- '<|im_start|>' + message.role + '\\n' + (message.content or '') }}
        {%- for call in message.tool_calls or [] %}
            {{- '\\n<tool_call>\\n' + (call.function | tojson) + '\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
"""


def build_tiny_model(
    folder: Path,
    family: Family = "qwen2",
    *,
    seed: int = 0,
    bits: int | None = None,
    group_size: int = 32,
    half: bool = False,
    layers: int = 2,
    hidden: int = 64,
    context: int = 4096,
    tied: bool = True,
) -> Path:
    """Write a model folder and return it. `bits` quantises it (weights are then float16 elsewhere); `half`: float16."""
    folder.mkdir(parents=True, exist_ok=True)
    size = write_tokenizer(folder)
    config = {
        "architectures": [{"qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}[family]],
        "model_type": family,
        "vocab_size": size + 11,  # published Qwen models too have more rows than tokens
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": hidden // 4 if family == "qwen2" else 32,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "max_position_embeddings": context,
        "tie_word_embeddings": tied,
        "eos_token_id": size - len(TAGS) - 1,
    }
    if bits is not None:
        config["quantization"] = {"group_size": group_size, "bits": bits}
    _write_weights(folder, config, seed=seed, half=half or bits is not None)
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    stops = [size - len(TAGS) - 1, size - len(TAGS) - 3]
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": stops}))
    return folder


def write_tokenizer(folder: Path) -> int:
    """Train and write the tokenizer; returns how many tokens it knows. Every byte is a token, so any text encodes."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in TAGS])
    tokenizer.save(str(folder / "tokenizer.json"))
    added = {
        str(tokenizer.token_to_id(text)): {"content": text, "special": text in SPECIAL} for text in (*SPECIAL, *TAGS)
    }
    config = {
        "tokenizer_class": "Qwen2Tokenizer",
        "added_tokens_decoder": added,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False))
    return tokenizer.get_vocab_size()


def _write_weights(folder: Path, config: dict, *, seed: int, half: bool) -> None:
    from punie_acp.inference.blas import load_fast_blas

    load_fast_blas()  # before the first import of mlx in this process
    import mlx.core as mx
    from mlx import nn
    from mlx.utils import tree_flatten, tree_map_with_path
    from mlx_lm.models import qwen2, qwen3

    module = {"qwen2": qwen2, "qwen3": qwen3}[config["model_type"]]
    mx.random.seed(seed)
    model = module.Model(module.ModelArgs.from_dict(config))
    dtype = mx.float16 if half else mx.float32

    def spread(name: str, array: mx.array) -> mx.array:
        """Weights large enough for every token to matter, so that greedy answers vary with the prompt."""
        if "norm" in name:
            return array.astype(dtype)
        return (mx.random.normal(array.shape) * (2.0 / array.shape[-1] ** 0.5)).astype(dtype)

    model.update(tree_map_with_path(spread, model.parameters()))
    if "quantization" in config:
        nn.quantize(model, **config["quantization"])
    mx.save_safetensors(str(folder / "model.safetensors"), dict(tree_flatten(model.parameters())), {"format": "mlx"})
