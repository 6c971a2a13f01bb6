"""The corpus of ordinary Python as a suite, through the whole product; `make bench-python` runs all of it without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from punie_acp.evaluation.corpus import FOLDER, open_corpus
from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.results import read_results
from tests.evaluation.running import evaluate

if TYPE_CHECKING:
    from pathlib import Path

SOME = ("add_import_line", "csv_to_json", "rmtree_copytree", "zipfile_make", "model_05b_print_how_many_error_lines")


def evaluate_corpus(home: Path, model: str, *tasks: str) -> list:
    out = home / "out.jsonl"
    options = ["--suite", "python", "--model", f"import:tests.{model}", "--tasks", ",".join(tasks), "--out", str(out)]
    done = evaluate(home, *options, timeout=300)
    assert done.returncode == 0, done.stderr
    return read_results(out).records


def test_programs_that_are_run_as_they_stand_do_what_cpython_does(tmp_path):
    """All but the one that our sandbox is known not to run."""
    records = evaluate_corpus(tmp_path, "scripted:echo_model", *SOME)
    assert {one.task: one.passed for one in records} == {name: name != "zipfile_make" for name in SOME}


def test_who_runs_nothing_passes_nothing(tmp_path):
    records = evaluate_corpus(tmp_path, "evaluation.models:null_model", *SOME[:2])
    reasons = [check["reason"] for one in records for check in one.checks]
    assert [one.passed for one in records] == [False, False]
    assert "the answer lacks 'added to utils.py'" in reasons
    assert any(reason.startswith("not as CPython leaves them: src/shop/__init__.py, ") for reason in reasons)


def test_every_program_that_cpython_runs_is_a_task():
    suite = open_corpus(None)
    assert len(suite.tasks) > 300
    assert all(task.program in (FOLDER / "programs" / f"{task.id}.py").read_text() for task in suite.tasks[:20])


def test_a_folder_without_programs_is_said_to_be_none(tmp_path):
    with pytest.raises(EvaluationError, match=r"is no corpus of programs .* say where with --checkout"):
        open_corpus(tmp_path)
