"""Qwen2.5-Coder 0.5B as a user has it after a pull: the ids that Qwen publishes, and sensible answers."""

from __future__ import annotations

import unicodedata

import pytest

pytestmark = pytest.mark.model

# What Qwen's own tokenizer gives for its own template (Qwen2.5-Coder-0.5B-Instruct, no system message).
PUBLISHED = [
    *(151644, 8948, 198, 2610, 525, 1207, 16948, 11, 3465, 553, 54364, 14817, 13, 1446, 525, 264, 10950, 17847, 13),
    *(151645, 198, 151644, 872, 198, 9707, 151645, 198, 151644, 77091, 198),
]
TOOL = {"type": "function", "function": {"name": "execute_code", "parameters": {"type": "object", "properties": {}}}}


def test_the_real_template_and_vocabulary_give_the_published_ids(real_model):
    from mlx_lm.utils import load_tokenizer

    tokenizer = load_tokenizer(real_model.path)
    assert (
        tokenizer.apply_chat_template([{"role": "user", "content": "Hello"}], add_generation_prompt=True) == PUBLISHED
    )
    call = {"type": "function", "function": {"name": "execute_code", "arguments": {"code": "print(1)"}}}
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "1"},
    ]
    ids = tokenizer.apply_chat_template(messages, tools=[TOOL], add_generation_prompt=True)
    assert {151_657, 151_658} <= set(ids)
    assert [token for token in ids if token in (151_644, 151_645)] == [151_644, 151_645] * 4 + [151_644]
    for text in ("  two  spaces\n\n\ttab", "naïve café 日本語 🙂", "don't 1234567 \r\n", "e\u0301"):
        assert tokenizer.decode(tokenizer.encode(text)) == unicodedata.normalize("NFC", text)


def test_the_report_of_the_real_import_says_that_almost_nothing_moved(real_model):
    assert real_model.report is not None
    assert {t["how"] for t in real_model.report["tensors"] if t["source_type"] in ("Q4_K", "Q5_0", "Q8_0")} == {
        "repacked"
    }
    logits = real_model.report["logits"]
    assert logits["top_agreement"] == 1.0
    assert logits["mean_kl"] < 1e-4


@pytest.mark.slow
def test_mlx_predicts_what_every_programmer_would(real_model):
    import mlx.core as mx
    from mlx_lm import load

    model, tokenizer = load(str(real_model.path))
    for text, following in (
        ("def add(a, b):\n    return a +", " b"),
        ("import numpy as", " np"),
        ("for i in range(", "1"),
    ):
        logits = model(mx.array([tokenizer.encode(text)]))[0, -1]
        best = [tokenizer.decode([int(token)]) for token in mx.argsort(-logits)[:3]]
        assert following in best, (text, best)
