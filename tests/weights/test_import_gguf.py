"""A GGUF file becomes a model that mlx-lm loads and that computes what the file says."""

from __future__ import annotations

import contextlib

import mlx.core as mx
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind
from mlx_lm import load
from mlx_lm.utils import dequantize_model

from punie_acp.weights.convert import convert, converted_bytes
from punie_acp.weights.errors import UnsupportedModelError, WeightsError
from punie_acp.weights.gguf import GgufError, read_gguf
from punie_acp.weights.logit_check import ForwardPass, GgufWeights, MlxWeights, drift
from punie_acp.weights.manifest import read_json
from punie_acp.weights.store import ModelStore
from tests.weights.gguf_files import FLOATS, byte_tokens, write_gguf
from tests.weights.recorded_progress import RecordedProgress

# Every kind of block, tied and untied, with biases (Qwen2) and with norms of queries and keys (Qwen3).
EXACT = {
    "token_embd": Kind.Q8_0,
    "attn_q": Kind.Q5_K,
    "attn_k": Kind.Q4_0,
    "attn_v": Kind.Q8_0,
    "attn_output": Kind.Q4_1,
    "ffn_gate": Kind.Q5_0,
    "ffn_up": Kind.Q5_1,
    "ffn_down": Kind.Q4_K,
}
MIXED = {**EXACT, "token_embd": Kind.Q6_K}
LOW = {"token_embd": Kind.Q3_K, "output": Kind.Q2_K, "attn_q": Kind.F16, "attn_k": Kind.BF16, "ffn_down": Kind.F32}


def mlx_logits(folder, tokens):
    model, _ = load(str(folder))
    return np.array(dequantize_model(model)(mx.array([tokens]))[0].astype(mx.float32))


@pytest.mark.parametrize(
    ("kinds", "architecture", "largest"),
    [(EXACT, "qwen2", 1e-4), (EXACT, "qwen3", 1e-4), (MIXED, "qwen2", 0.03), (LOW, "qwen2", 0.03)],
    ids=["exact", "exact-qwen3", "mixed", "low"],
)
def test_the_imported_model_computes_what_the_file_says(tmp_path, kinds, architecture, largest):
    file = write_gguf(tmp_path / "tiny.gguf", kinds, architecture=architecture)
    progress = RecordedProgress()
    model = ModelStore(tmp_path / "models").import_gguf(file, None, progress)
    tokens = [5, 60, 7, 200, 31, 31, 8, 90]
    forward = ForwardPass(read_json(model.path / "config.json"), GgufWeights(read_gguf(file)))
    state = forward.embed(tokens)
    for layer in range(forward.layers):
        state = forward.layer(layer, state)
    moved = drift(forward.logits(state), mlx_logits(model.path, tokens))
    assert moved.max_difference < largest  # the logits themselves spread over several units
    assert model.report["logits"]["mean_kl"] < 1e-3
    assert model.report["logits"]["tokens"] > 40
    assert any("most likely next token" in note for note in progress.notes)
    assert any("uses" in note and "of disk" in note for note in progress.notes)


def test_the_report_says_what_was_repacked_and_what_was_requantised(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", MIXED)
    model = ModelStore(tmp_path / "models").import_gguf(file, "mixed", RecordedProgress())
    how = {t["name"].split(".")[-2]: t for t in model.report["tensors"] if t["name"].endswith(".weight")}
    assert {name for name, tensor in how.items() if tensor["how"] == "requantised"} == {"embed_tokens"}
    assert {name for name, tensor in how.items() if tensor["how"] == "repacked"} == {
        *("q_proj", "k_proj", "v_proj", "o_proj"),
        *("gate_proj", "up_proj", "down_proj"),
    }
    assert {name for name, tensor in how.items() if tensor["how"] == "kept"} == {
        *("input_layernorm", "post_attention_layernorm", "norm"),
    }
    assert 0 < how["embed_tokens"]["relative_error"] < 0.02
    assert how["down_proj"]["bits"] == 4
    assert how["down_proj"]["max_error"] == 0


@pytest.mark.parametrize("kind", [Kind.Q5_0, Kind.Q5_1, Kind.Q5_K], ids=lambda kind: kind.name)
def test_five_bit_codes_stay_what_they_are(tmp_path, kind):
    file = read_gguf(write_gguf(tmp_path / "tiny.gguf", {}, layers=1, default=kind))
    (tmp_path / "model").mkdir()
    reports = convert(file, tmp_path / "model", RecordedProgress())
    assert {report.bits for report in reports if report.how == "repacked"} == {5}
    size = (tmp_path / "model/model.safetensors").stat().st_size
    assert converted_bytes(file) < size < converted_bytes(file) + 10_000
    name = "model.layers.0.mlp.up_proj.weight"
    tolerance = 0 if kind == Kind.Q5_0 else 1e-7
    got, expected = MlxWeights(tmp_path / "model").all(name), GgufWeights(file).all(name)
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


def test_floats_are_kept_in_their_own_precision(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", {}, default=Kind.F16)
    model = ModelStore(tmp_path / "models").import_gguf(file, None, RecordedProgress())
    weights = mx.load(str(model.path / "model.safetensors"))
    assert weights["model.layers.0.mlp.up_proj.weight"].dtype == mx.float16
    assert "quantization" not in read_json(model.path / "config.json")
    assert FLOATS[Kind.F16] is np.float16


def test_the_chat_template_encodes_to_the_ids_that_qwen_publishes(tmp_path):
    """The vocabulary is as large as Qwen's, with the special tokens where Qwen has them, and letters in between."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|spare_{n}|>" for n in range(11))]
    tools = ["<tool_call>", "</tool_call>"]
    ordinary = [*byte_tokens(), "ĠĠ", *(f"token{n}" for n in range(151_643 - 257))]
    padding = [f"[PAD{n}]" for n in range(151_936 - 151_659)]
    types = [1] * len(ordinary) + [3] * len(special) + [4] * 2 + [5] * len(padding)
    file = write_gguf(
        tmp_path / "tiny.gguf",
        {},
        hidden=32,
        feed_forward=32,
        heads=2,
        kv_heads=1,
        layers=1,
        vocabulary=(ordinary + special + tools + padding, types),
        default=Kind.Q8_0,
    )
    model = ModelStore(tmp_path / "models").import_gguf(file, None, RecordedProgress())
    _, tokenizer = load(str(model.path), lazy=True)
    messages = [{"role": "user", "content": "a<tool_call>b"}, {"role": "assistant", "content": "c"}]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    marks = [token for token in ids if token >= 151_643]
    assert marks == [151_644, 151_657, 151_645, 151_644, 151_645, 151_644]
    assert set(tokenizer.eos_token_ids) == {151_645, 151_643}
    for text in (
        "a  b   c",
        "naïve 日本語 🙂\r\n\tend ",
        "<|im_start|>x<tool_call>\n</tool_call><|im_end|>",
        "don't 12345",
    ):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    assert "<tool_call>" in tokenizer.decode([151_657], skip_special_tokens=True)
    assert "<|im_end|>" not in tokenizer.decode([151_645], skip_special_tokens=True)


def test_another_architecture_is_refused_by_name_and_leaves_nothing(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", {}, architecture="llama")
    store = ModelStore(tmp_path / "models")
    with pytest.raises(UnsupportedModelError, match="architecture 'llama'"):
        store.import_gguf(file, "other", RecordedProgress())
    assert store.installed() == ()
    assert not list((tmp_path / "models" / ".incoming").iterdir())


def test_a_damaged_file_is_one_sentence_wherever_it_is_cut(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", {}, hidden=256, layers=1)
    data = file.read_bytes()
    store = ModelStore(tmp_path / "models")
    for length in (0, 3, 4, 9, 23, 40, 200, 5000, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:length])
        with pytest.raises(GgufError, match=r"tiny\.gguf"):
            read_gguf(file)
        with pytest.raises(WeightsError):
            store.import_gguf(file, "cut", RecordedProgress())
    assert store.installed() == ()


def test_damaged_metadata_never_escapes_as_another_error(tmp_path):
    file = write_gguf(tmp_path / "tiny.gguf", {}, hidden=256, layers=1)
    data = file.read_bytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(data)
        for position in random.integers(4, 6000, 4):
            damaged[position] = random.integers(256)
        file.write_bytes(damaged)
        with contextlib.suppress(WeightsError):  # some damage does not show
            read_gguf(file)


def test_a_name_that_is_taken_is_not_overwritten(tmp_path):
    file = write_gguf(tmp_path / "My Model.GGUF", {}, layers=1)
    store = ModelStore(tmp_path / "models")
    model = store.import_gguf(file, None, RecordedProgress())
    assert model.name == "my-model"
    with pytest.raises(WeightsError, match="already installed"):
        store.import_gguf(file, None, RecordedProgress())
    with pytest.raises(WeightsError, match="cannot be a model's name"):
        store.import_gguf(file, "../escape", RecordedProgress())
    assert store.verify("my-model") == []
