"""The store: what is installed, what a name means, and bringing in a folder that is already here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from punie_acp.weights.errors import ModelMissingError, UnsupportedModelError, WeightsError
from punie_acp.weights.store import ModelStore
from tests.tiny_models import build_tiny_model
from tests.weights.recorded_progress import RecordedProgress


@pytest.fixture
def tiny(tmp_path):
    return build_tiny_model(tmp_path / "Tiny Model")


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


def test_an_mlx_folder_is_linked_in_and_found_again(store, tiny):
    model = store.import_mlx(tiny, None, RecordedProgress())
    assert model.name == "tiny-model"
    assert (model.dialect, model.context_tokens, model.source) == (None, 4096, str(tiny))
    assert (model.path / "model.safetensors").samefile(tiny / "model.safetensors")  # no second copy on the disk
    assert store.installed() == (model,)
    assert store.resolve("tiny-model") == model
    shutil.rmtree(tiny)
    assert store.verify("tiny-model") == []


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("config.json", None, "has no config.json"),
        ("config.json", b'{"model_type": "no_such_family"}', "which mlx-lm does not know"),
        ("config.json", b'{"model_type": "qwen2", "model_file": "evil.py"}', "wants to run Python code"),
        ("config.json", b"{", "cannot be read"),
        ("tokenizer.json", None, "has no tokenizer.json"),
        ("tokenizer.json", b"{}", "holds no tokenizer"),
        ("model.safetensors", None, r"has no model\*\.safetensors"),
        ("model.safetensors", b"\x05\0\0\0\0\0\0\0[1,2]", "is not a safetensors file"),
        ("model.safetensors", b"\xff" * 40, "is not a safetensors file"),
        (
            "model.safetensors.index.json",
            b'{"weight_map": {"a": "model-2.safetensors"}}',
            "model-2.safetensors is missing",
        ),
    ],
)
def test_a_folder_that_is_no_whole_model_is_refused_and_leaves_nothing(store, tiny, file, content, sentence):
    (tiny / file).unlink(missing_ok=True)
    if content is not None:
        (tiny / file).write_bytes(content)
    with pytest.raises(WeightsError, match=sentence):
        store.import_mlx(tiny, "broken", RecordedProgress())
    assert store.installed() == ()


def test_weights_that_are_cut_short_are_noticed(store, tiny):
    os.truncate(tiny / "model.safetensors", (tiny / "model.safetensors").stat().st_size - 1)
    with pytest.raises(WeightsError, match="cut short"):
        store.import_mlx(tiny, "broken", RecordedProgress())


def test_verify_names_what_changed_and_a_model_with_a_missing_file_is_not_installed(store, tiny):
    model = store.import_mlx(tiny, "tiny", RecordedProgress())
    config = model.path / "config.json"
    config.write_bytes(config.read_bytes().replace(b"4096", b"8192"))
    assert store.verify("tiny") == ["config.json has a wrong checksum."]
    assert store.find("tiny") == model
    (model.path / "tokenizer.json").unlink()
    assert store.verify("tiny") == ["config.json has a wrong checksum.", "tokenizer.json is missing."]
    assert store.find("tiny") is None
    assert store.installed() == ()
    store.import_mlx(
        build_tiny_model(tiny.parent / "again"), "tiny", RecordedProgress()
    )  # takes the broken one's place
    assert store.verify("tiny") == []


def test_the_default_is_what_auto_means_until_it_is_removed(store, tiny):
    with pytest.raises(ModelMissingError, match=r"punie-acp models pull qwen2\.5-coder-"):
        store.resolve("auto")
    with pytest.raises(WeightsError):
        store.set_default("tiny")
    model = store.import_mlx(tiny, "tiny", RecordedProgress())
    store.set_default("tiny")
    assert store.default() == "tiny"
    assert store.resolve("auto") == store.resolve("") == model
    store.remove("tiny")
    assert (store.default(), store.installed()) == (None, ())
    with pytest.raises(WeightsError, match="'tiny' is not installed"):
        store.remove("tiny")


def test_a_path_is_a_model_without_being_installed(store, tiny):
    model = store.resolve(str(tiny))
    assert (model.name, model.path, model.dialect, model.context_tokens) == ("Tiny Model", tiny, None, 4096)
    store.set_default(str(tiny))
    assert store.resolve("auto") == model
    with pytest.raises(WeightsError, match="There is no folder"):
        store.resolve(str(tiny / "nowhere"))


def test_a_known_name_that_is_missing_comes_with_the_command_and_an_unknown_one_with_near_names(store):
    with pytest.raises(ModelMissingError, match=r"type: punie-acp models pull qwen2\.5-coder-7b$"):
        store.resolve("Qwen2.5-Coder-7B")
    with pytest.raises(WeightsError, match=r"there are: .*qwen3-coder-30b-a3b"):
        store.resolve("qwen3-coder")


@pytest.mark.parametrize("name", ["..", ".locks", "../models", "/", "a/b", ""])
def test_no_name_reaches_outside_the_store(store, tiny, name):
    store.import_mlx(tiny, "tiny", RecordedProgress())
    with pytest.raises(WeightsError):
        store.remove(name)
    with pytest.raises(ModelMissingError):
        store.verify(name)
    assert store.find(name) is None
    assert store.installed()


def test_resolving_does_not_import_mlx_because_the_engine_must_load_a_blas_first(store, tiny):
    store.import_mlx(tiny, "tiny", RecordedProgress())
    program = (
        "import sys; from pathlib import Path; from punie_acp.weights.store import ModelStore, ModelMissingError\n"
        "store = ModelStore(Path(sys.argv[1])); store.resolve('tiny'); store.resolve(sys.argv[2])\n"
        "try: store.resolve('auto')\nexcept ModelMissingError: pass\n"
        "print([name for name in ('mlx.core', 'mlx_lm', 'transformers', 'huggingface_hub') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tiny.parent / "models"), str(tiny)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_a_family_that_mlx_lm_lacks_is_unsupported_rather_than_broken(store, tiny):
    (tiny / "config.json").write_text('{"model_type": "../qwen2"}')
    with pytest.raises(UnsupportedModelError):
        store.import_mlx(tiny, "odd", RecordedProgress())
