"""Pulling a model from the hub with the real huggingface_hub client, which talks to a server in this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from punie_acp.weights.catalogue import parse_catalogue
from punie_acp.weights.store import ModelStore
from tests.tiny_models import build_tiny_model
from tests.weights.hub_server import Hub, serving_hub

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = """
[[model]]
name = "tiny"
title = "Tiny"
family = "qwen2"
parameters = 1
license = "MIT"
dialect = "xml"
context_tokens = 256
download_bytes = 100_000
memory_bytes = { metal = 1, cuda = 1, cpu = 1, cpu-float32 = 1 }

[[model.source]]
kind = "hub-mlx"
repository = "someone/tiny"
"""
WEIGHTS = "model.safetensors"


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    folder = build_tiny_model(tmp_path / "original", bits=4)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return Hub("someone/tiny", {**files, "README.md": b"# Tiny", ".gitattributes": b"*.safetensors filter=lfs"})


def start(tmp_path: Path, hub: Hub) -> subprocess.Popen[str]:
    (tmp_path / "catalogue.toml").write_text(CATALOGUE)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.weights.pull_process", tmp_path / "catalogue.toml", tmp_path / "models", "tiny"],
        env={**environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def pull(tmp_path: Path, hub: Hub) -> tuple[int, str]:
    process = start(tmp_path, hub)
    out, said = process.communicate(timeout=60)
    return process.returncode, (out + said).strip().splitlines()[-1]


def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", parse_catalogue(CATALOGUE))


def test_a_repository_becomes_a_model_with_the_hubs_files_and_nothing_else(tmp_path, hub):
    with serving_hub(hub):
        status, said = pull(tmp_path, hub)
        assert status == 0, said
        asked = list(hub.requests)
        assert pull(tmp_path, hub)[0] == 0
        assert hub.requests == asked
    model = store(tmp_path).find("tiny")
    assert model is not None
    assert (model.dialect, model.context_tokens) == ("xml", 256)
    assert model.source == "Hugging Face hub, someone/tiny"
    assert {path.name for path in model.path.iterdir()} == {*hub.files, "punie.json"} - {"README.md", ".gitattributes"}
    assert (model.path / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert store(tmp_path).verify("tiny") == []


def test_a_killed_download_is_continued_at_a_byte(tmp_path, hub):
    # huggingface_hub hands over ten million bytes at a time.
    hub.files[WEIGHTS] += bytes(30_000_000)
    hub.stop_after = 25_000_000
    with serving_hub(hub):
        process = start(tmp_path, hub)
        assert hub.stopped.wait(60)
        downloads = tmp_path / "models/.downloads/tiny/hub"
        deadline = time.monotonic() + 10
        while not any(part.stat().st_size for part in downloads.glob("*/model.safetensors.part")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        hub.go_on.set()
        hub.requests.clear()
        status, said = pull(tmp_path, hub)
    assert any(request.startswith(f"{WEIGHTS} from byte ") for request in hub.requests), hub.requests
    # The file is as the hub says; that it is not a whole safetensors file is found next.
    assert status == 1
    assert "model.safetensors is cut short or damaged" in said


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"], ids=["large file", "small file"])
def test_other_bytes_than_the_hub_lists_are_refused_and_removed(tmp_path, hub, name):
    changed = bytearray(hub.files[name])
    changed[-2] ^= 1
    hub.delivered[name] = bytes(changed)
    with serving_hub(hub):
        status, said = pull(tmp_path, hub)
        assert status == 1
        assert (
            said == f"ChecksumError: {name} of someone/tiny arrived with a wrong checksum and was removed; try again."
        )
        assert store(tmp_path).installed() == ()
        hub.delivered.clear()
        assert pull(tmp_path, hub)[0] == 0


def test_a_repository_that_is_not_there_and_a_hub_that_is_not_there(tmp_path, hub):
    hub.repository = "someone/else"
    with serving_hub(hub):
        status, said = pull(tmp_path, hub)
        assert status == 1
        assert said.startswith(f"NetworkError: Tiny cannot be downloaded now. {hub.url} does not give someone/tiny: ")
    status, said = pull(tmp_path, hub)
    assert status == 1
    assert said.startswith(f"NetworkError: Tiny cannot be downloaded now. {hub.url} cannot be reached: ")
