"""The entry for ACP's registry keeps its rules, and the agent passes its check of logins.

The rules are those of the registry's FORMAT.md and CONTRIBUTING.md, written down by us (tests/data/README.md).
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from punie_acp import __version__

ROOT = Path(__file__).parent.parent
ENTRY = ROOT / "registry" / "punie-acp"
RULES = Draft202012Validator(json.loads((ROOT / "tests" / "data" / "registry-entry-rules.json").read_text()))


@pytest.fixture
def entry():
    return json.loads((ENTRY / "agent.json").read_text())


def test_the_entry_keeps_the_documented_rules(entry):
    assert [error.message for error in RULES.iter_errors(entry)] == []
    assert entry["id"] == ENTRY.name
    assert sorted(path.name for path in ENTRY.iterdir()) == ["agent.json", "icon.svg"]


def test_the_entry_is_of_this_version(entry):
    assert entry["version"] == __version__
    assert entry["distribution"]["uvx"]["package"] == f"punie-acp=={__version__}"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "Punie"},
        {"version": "1.0"},
        {"distribution": {}},
        {"distribution": {"uvx": {"package": "a@latest"}}},
        {"x": 1},
    ],
    ids=str,
)
def test_the_rules_refuse_what_the_registry_refuses(entry, change):
    assert not RULES.is_valid(entry | change)


def test_the_icon_is_small_square_and_takes_the_theme_s_colour():
    text = (ENTRY / "icon.svg").read_text()
    icon = ET.fromstring(text)
    assert (icon.get("width"), icon.get("height"), icon.get("viewBox")) == ("16", "16", "0 0 16 16")
    colours = [value for part in icon.iter() for name in ("fill", "stroke") if (value := part.get(name))]
    assert set(colours) == {"currentColor", "none"}
    assert not re.search(r"<!--|<style|style=", text)


def test_the_registry_s_check_of_logins_passes(entry, tmp_path):
    """It starts the agent in an empty home with next to no environment, and reads one line."""
    offers = {"terminal": True, "fs": {"readTextFile": True, "writeTextFile": True}}
    params = {"protocolVersion": 1, "clientCapabilities": offers | {"_meta": {"terminal-auth": True}}}
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    command = [Path(sys.executable).parent / "punie-acp", *entry["distribution"]["uvx"]["args"]]
    environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(tmp_path)}
    done = subprocess.run(
        command,
        input=line + "\n",
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    methods = json.loads(done.stdout.splitlines()[0])["result"]["authMethods"]
    assert {method.get("type", "agent") for method in methods} & {"agent", "terminal"}
    assert all(method["id"] and method["name"] for method in methods)
