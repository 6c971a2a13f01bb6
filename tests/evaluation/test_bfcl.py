"""BFCL through the whole product, on a small package of its layout; and the real one's checks of its own answers."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING

import pytest

from punie_acp.evaluation.outside.bfcl import PACKAGE, open_bfcl
from punie_acp.evaluation.outside.bfcl_child import MULTI_TURN, Package, as_mcp, judged, mcp_name
from punie_acp.evaluation.results import read_results
from tests.evaluation.bfcl_standin import PLAY, READ, make_package
from tests.evaluation.running import MODELS, evaluate

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

TYPES = {"dict": "object", "float": "number", "tuple": "array", "string": "string"}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    return make_package(tmp_path_factory.mktemp("package"))


def evaluate_bfcl(home: Path, *arguments: str, model: str = "calling_model") -> subprocess.CompletedProcess[str]:
    options = ["--suite", "bfcl", "--split", "test", "--model", f"{MODELS}:{model}"]
    return evaluate(home, *options, *arguments, timeout=300)


def test_the_calls_that_a_program_makes_are_what_is_judged(package, tmp_path):
    out = tmp_path / "out.jsonl"
    done = evaluate_bfcl(tmp_path, "--checkout", str(package), "--out", str(out))
    assert done.returncode == 0, done.stderr
    two, one_of_two, turns = read_results(out).records
    assert (two.task, two.project, two.passed, two.external_calls) == ("parallel_0", "parallel", True, 2)
    assert (one_of_two.passed, one_of_two.external_calls) == (False, 1)
    assert one_of_two.checks[0]["reason"] == "Wrong number of functions. {'of': 2}"
    assert (turns.passed, turns.prompts, turns.external_calls) == (True, 2, 2)


def test_who_calls_nothing_passes_nothing(package, tmp_path):
    out = tmp_path / "out.jsonl"
    done = evaluate_bfcl(tmp_path, "--checkout", str(package), "--out", str(out), model="null_model")
    assert done.returncode == 0, done.stderr
    records = read_results(out).records
    assert [(one.passed, one.cause) for one in records] == [(False, "no call")] * 3
    assert records[0].checks[0]["reason"] == "no call"


def test_the_package_stays_as_it_was_and_only_some_of_its_tasks_are_taken(package):
    before = sorted(package.rglob("*"))
    suite = open_bfcl(package)
    assert [task.id for task in suite.tasks] == ["parallel_0", "parallel_multiple_0", "multi_turn_base_0"]
    assert "with these functions: tools_music_play, tools_rain." in suite.tasks[1].prompt
    assert "tools_rm" not in suite.tasks[2].prompt, "which the task excludes"
    assert sorted(package.rglob("*")) == before


def test_schemas_are_told_in_json_schemas_words():
    told = as_mcp(PLAY, TYPES)
    assert told["name"] == "music_play"
    assert told["inputSchema"] == {
        "type": "object",
        "properties": {
            "artist": {"type": "string", "description": "Whose songs."},
            "minutes": {"type": "number", "description": "For how long.", "default": 5.0},
            "genres": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["artist"],
    }
    assert "outputSchema" not in told
    told = as_mcp(READ, TYPES)
    assert told["description"] == "Show a file."
    assert told["outputSchema"]["properties"] == {"content": {"type": "string"}, "error": {"type": "string"}}


def test_a_folder_without_the_package_is_said_to_be_none(tmp_path):
    done = evaluate_bfcl(tmp_path, "--checkout", str(tmp_path))
    assert done.returncode == 1
    assert "has no package bfcl_eval: --checkout is the folder that it is in" in done.stderr


def reference(entry: dict) -> list[list[dict]]:
    """The calls of the ground truth, of each turn."""
    if entry["category"] != MULTI_TURN:
        return [
            [{"name": mcp_name(name), "arguments": first(said)} for one in entry["truth"] for name, said in one.items()]
        ]
    return [[parsed(call) for call in turn] for turn in entry["truth"]]


def first(arguments: dict) -> dict:
    """The first of the values that are right for each argument; "" means that it may be left out."""
    return {name: value_of(values[0]) for name, values in arguments.items() if values[0] != ""}


def value_of(said: object) -> object:
    if isinstance(said, dict):
        return first(said)
    return [value_of(one) for one in said] if isinstance(said, list) else said


def parsed(text: str) -> dict:
    call = ast.parse(text, mode="eval").body
    return {"name": call.func.id, "arguments": {one.arg: ast.literal_eval(one.value) for one in call.keywords}}


@pytest.mark.skipif("PUNIE_TEST_BFCL" not in os.environ, reason="PUNIE_TEST_BFCL is not set: bfcl-eval is installed")
def test_the_real_package_judges_its_own_answers():
    """It is installed where it is not there yet. One of its 413 answers does not fit its own schema."""
    entries = Package(open_bfcl(None).package).entries()
    assert len(entries) == 413
    assert [name for name, entry in entries.items() if not judged(entry, reference(entry))["valid"]] == [
        "parallel_multiple_26"
    ]
    assert not any(judged(entry, [[] for _ in entry["truth"]])["valid"] for entry in entries.values())


def test_the_package_is_wanted_without_what_it_asks_for():
    assert PACKAGE.dependencies is False
    assert [name.partition("==")[0] for name in PACKAGE.packages] == ["bfcl-eval"]
