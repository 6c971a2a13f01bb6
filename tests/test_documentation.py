"""What the documentation says is what the program does."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from punie_acp.editors.entries import snippet
from punie_acp.editors.launch import Launch

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples" / "README.md"]
LAUNCH = Launch("/absolute/path/to/punie-acp")


@pytest.fixture(scope="module")
def models_table():
    spec = importlib.util.spec_from_file_location("models_table", ROOT / "scripts" / "models_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_models_is_the_catalogue(models_table):
    """If the catalogue was changed on purpose: python scripts/models_table.py"""
    readme = (ROOT / "README.md").read_text()
    assert models_table.table() in readme
    assert all(models_table.filled(path.read_text()) == path.read_text() for path in DOCUMENTS)


@pytest.mark.parametrize(("editor", "file"), [("zed", "zed-settings.json"), ("jetbrains", "jetbrains-acp.json")])
def test_the_settings_shown_are_those_that_init_writes(editor, file):
    expected = snippet(editor, LAUNCH, None)
    readme = (ROOT / "README.md").read_text()
    assert json.loads((ROOT / "examples" / file).read_text()) == expected
    assert expected in [json.loads(block) for block in re.findall(r"```json\n(.*?)```", readme, re.DOTALL)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_named_is_there(document):
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    commands = {
        "--stdio",
        "--version",
        "--help",
        "-V",
        "-h",
        "ask",
        "init",
        "doctor",
        "version",
        "models",
        "eval",
        "sessions",
        "serve",
    }
    assert {word for word in re.findall(r"`punie-acp ([\w-]+)", text) if word != "punie-acp"} <= commands


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_linked_is_there(document):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


def test_the_commands_that_the_documentation_may_name_exist():
    done = subprocess.run(
        [sys.executable, "-m", "punie_acp", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    for command in ("ask", "init", "doctor", "version", "models", "sessions", "serve", "eval", "--stdio", "--version"):
        assert command in done.stdout
