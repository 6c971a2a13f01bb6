"""`punie-acp eval` with the whole product: real agent processes, real sandboxes, scripted models."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from punie_acp.evaluation.report import report_sections
from punie_acp.evaluation.results import read_results
from tests.evaluation.running import MODELS, ROOT, environment, evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def reference(home) -> Path:
    """Results of the mission's tasks, each solved by its reference solution."""
    out = home / "reference.jsonl"
    done = evaluate(home, "--suite", "mission", "--model", f"{MODELS}:reference_model", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def null(home) -> Path:
    """Results of a model that does nothing."""
    out = home / "null.jsonl"
    done = evaluate(home, "--suite", "mission", "--model", f"{MODELS}:null_model", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


def test_reference_solutions_pass_through_the_whole_product(reference):
    results = read_results(reference)
    assert [record.task for record in results.records if not record.passed] == []
    assert len(results.records) == 10
    renamed = next(record for record in results.records if record.task == "parcels/rename-calc-price")
    assert (renamed.turns, renamed.programs, renamed.stop_reason) == (2, 1, "end_turn")
    assert renamed.external_calls > 5
    assert renamed.decoded > 50
    assert 0 < renamed.tool_seconds < renamed.seconds
    parts = renamed.model_seconds + renamed.tool_seconds + renamed.waiting_seconds
    assert parts == pytest.approx(renamed.seconds, abs=0.02)


def test_an_agent_that_does_nothing_fails_every_task(null):
    records = read_results(null).records
    assert [record.task for record in records if record.passed] == []
    causes = {record.category: record.cause for record in records}
    assert causes == {"direct": "wrong logic", "single": "no call", "read": "no call", "edit": "no call"}


def test_the_projects_are_left_as_they_were(reference):
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "punie_acp/evaluation/suites/mission"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line for line in changed.stdout.splitlines() if line.startswith(" M")] == []


def test_the_facts_name_what_was_run(reference):
    facts = read_results(reference).facts
    assert facts["model"] == f"{MODELS}:reference_model"
    assert facts["suite"] == "mission"
    assert facts["settings"]["temperature"] == 0.0
    assert facts["machine"]["cores"] == os.cpu_count()
    assert {"adapter", "template", "tokenizer", "weights", "commit", "version", "tasks"} <= set(facts)


def test_a_program_that_fails_again_word_for_word_is_told_apart(home):
    out = home / "failing.jsonl"
    tasks = "parcels/most-todos,parcels/express-*"
    done = evaluate(
        home, "--suite", "mission", "--model", f"{MODELS}:failing_model", "--out", str(out), "--tasks", tasks,
        "--set", "max_model_requests=4",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    records = read_results(out).records
    assert {record.task: record.cause for record in records} == {
        "parcels/express-factor": "repeated program",
        "parcels/most-todos": "repeated program",
    }
    assert {record.stop_reason for record in records} == {"max_turn_requests"}


def test_an_agent_that_dies_is_started_again(home):
    out = home / "dying.jsonl"
    tasks = "parcels/express-factor,parcels/count-*,parcels/where-*"
    done = evaluate(
        home, "--suite", "mission", "--model", f"{MODELS}:dying_model", "--out", str(out), "--tasks", tasks
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    records = read_results(out).records
    assert [(record.task, record.cause) for record in records] == [
        ("parcels/express-factor", "agent failed"),
        ("parcels/count-python-files", ""),
        ("parcels/where-is-base-price", ""),
    ]
    assert "the connection was closed" in records[0].error


def test_a_killed_run_goes_on_where_it_was(home):
    out = home / "killed.jsonl"
    arguments = ["--suite", "mission", "--model", f"{MODELS}:reference_model", "--out", str(out)]
    slow = environment(home, PUNIE_TEST_DELAY="0.01")
    command = [sys.executable, "-m", "punie_acp", "eval", *arguments]
    first = subprocess.Popen(command, cwd=ROOT, env=slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not out.exists() or out.read_bytes().count(b"\n") < 3:
        assert first.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = out.read_bytes()
    with out.open("ab") as half:
        half.write(b'{"arm": "code", "task": "parcels/ha')  # as if it had been killed while it wrote
    done = evaluate(home, *arguments)
    assert done.returncode == 0, done.stderr
    assert "of 10 are done already" in done.stderr
    assert out.read_bytes().startswith(before[: before.rfind(b"\n") + 1]), "what was there was written anew"
    tasks = [record.task for record in read_results(out).records]
    assert len(tasks) == len(set(tasks)) == 10


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Children end on SIGINT, also where this process was started in the background, to which it means nothing."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_an_ended_run_leaves_no_agent_and_loses_no_record(tmp_path, number, status):
    out, lock = tmp_path / "out.jsonl", tmp_path / "lock"
    arguments = ["--suite", "mission", "--model", f"{MODELS}:waiting_model", "--out", str(out)]
    command = [sys.executable, "-m", "punie_acp", "eval", *arguments]
    variables = environment(tmp_path, PUNIE_TEST_LOCK=str(lock))
    first = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_until(lambda: lock.exists() and lock.read_text() == "waiting", first)
    before = read_results(out).records
    first.send_signal(number)
    said = first.communicate(timeout=60)[1].decode()
    assert first.returncode == status
    wait_until(lambda: is_free(lock))
    assert read_results(out).records == before
    if number == signal.SIGINT:
        assert f"{len(before)} of 10 are done; the same command goes on with {out}" in said
        assert "Traceback" not in said


def test_tasks_run_side_by_side_and_each_once(home, tmp_path):
    out = home / "side-by-side.jsonl"
    done = evaluate(
        home, "--suite", "mission", "--split", "all", "--model", f"{MODELS}:meeting_model", "--out", str(out),
        "--tasks", "parcels/express-factor,parcels/count-*,parcels/where-*", "--jobs", "2",
        PUNIE_TEST_MEETING=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = read_results(out)
    assert sorted((record.task, record.cause) for record in results.records) == [
        ("parcels/count-python-files", ""),
        ("parcels/express-factor", ""),
        ("parcels/where-is-base-price", ""),
    ]
    assert results.facts["jobs"] == 2
    assert "Up to 2 tasks ran at once" in out.with_suffix(".md").read_text()


def test_where_a_second_agent_does_not_start_the_first_does_all(home, tmp_path):
    out = home / "fewer.jsonl"
    done = evaluate(
        home, "--suite", "mission", "--model", f"{MODELS}:only_one_model", "--out", str(out),
        "--tasks", "parcels/express-factor,parcels/count-*", "--jobs", "2", PUNIE_TEST_LOCK=str(tmp_path / "lock"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 at once, not more: the model" in done.stderr
    assert "there is one of it already" in done.stderr
    assert len(read_results(out).records) == 2


def wait_until(condition, process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process is None or process.poll() is None, "it ended too early"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_free(lock: Path) -> bool:
    """Whether the process that had locked the file is gone, be it that nobody has asked for its status."""
    with lock.open("a") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_results_are_not_continued_with_another_model_or_other_settings(home, reference):
    before = reference.read_bytes()
    other = evaluate(home, "--suite", "mission", "--model", f"{MODELS}:null_model", "--out", str(reference))
    assert other.returncode == 1
    assert "other facts (model:" in other.stderr
    hotter = evaluate(
        home, "--suite", "mission", "--model", f"{MODELS}:reference_model", "--out", str(reference),
        "--set", "temperature=0.5",
    )  # fmt: skip
    assert hotter.returncode == 1
    assert "settings:" in hotter.stderr
    assert reference.read_bytes() == before


def test_the_page_is_well_formed_and_links_to_nothing(reference):
    page = reference.with_suffix(".html").read_text()
    root = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    assert len(list(root.iter("svg"))) == 4
    attributes = [(name, value) for element in root.iter() for name, value in element.items()]
    assert [name for name, _ in attributes if name in ("href", "src", "srcset", "action")] == []
    assert "://" not in page
    assert "url(" not in page
    assert {"parcels/most-todos"} <= {
        word for title in root.iter("title") for word in (title.text or "").replace(":", " ").split()
    }


def test_the_report_has_the_figures_of_the_results(reference, null):
    markdown = reference.with_suffix(".md").read_text()
    assert "| code | all | 10/10 | 100% (72% to 100%) |" in markdown
    failures = next(section for section in report_sections(read_results(null)) if section.title == "Failures by cause")
    assert [row[1:3] for row in failures.rows] == [("no call", "8"), ("wrong logic", "2")]


def test_two_runs_are_compared_task_by_task(home, reference, null):
    done = evaluate(home, "compare", str(reference), str(null))
    assert done.returncode == 0, done.stderr
    assert "| all | 10 | 0 | 10 | 0 | 0.002 | – |" in done.stdout
    assert "| code | parcels/most-todos | lost in B | no call |" in done.stdout
    assert "model:" in done.stdout
    same = evaluate(home, "compare", str(reference), str(reference))
    assert "| all | 10 | 10 | 0 | 0 | 1.000 | 1.00 (1.00 to 1.00) |" in same.stdout


def test_a_transcript_is_replayed(home, reference):
    done = evaluate(home, "show", "rename-calc-price", "--results", str(reference))
    assert done.returncode == 0, done.stderr
    shown = [line.strip() for line in done.stdout.splitlines()]
    assert shown[0] == "parcels/rename-calc-price · code · edit  passed"
    assert any(line.startswith("> Rename the function") for line in shown)
    assert any("write_file(path, text.replace" in line for line in shown)
    assert any("✓ Write parcels/quotes.py" in line for line in shown)
    assert "Renamed; the tests exit with 0" in shown


def test_the_pipeline_says_whether_the_mission_is_reached(home):
    good = evaluate(home, "pipeline", "--model", f"{MODELS}:reference_model")
    assert good.returncode == 0, good.stderr
    assert [line.split(" right")[0].split() for line in good.stdout.splitlines()[1:]] == [
        ["direct", "2/2"],
        ["single", "tool", "3/3"],
        ["multi-step", "5/5"],
    ]
    assert evaluate(home, "pipeline", "--model", f"{MODELS}:null_model").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--suite", "nothing"], "there is no suite 'nothing'"),
        (["--suite", "mission", "--arms", "code,xyz"], "there is no arm 'xyz'"),
        (["--suite", "mission", "--tasks", "nope*"], "no task of this split is called 'nope*'"),
        (["--suite", "mission", "--categories", "read,all"], "there is no category 'all'; there are: direct, single"),
        (["--tasks", "parcels/rename-*", "--categories", "read,direct"], "is of the category read or direct"),
        (["--suite", "mission", "--set", "mode=ask"], "--set cannot set 'mode'"),
        (["--suite", "mission", "--model", "import:tests.evaluation.models:missing"], "does not run"),
        (["show", "x", "--results", "pyproject.toml"], "does not hold the results"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(home, arguments, sentence):
    model = [] if "--model" in arguments or arguments[0] == "show" else ["--model", f"{MODELS}:null_model"]
    done = evaluate(home, *arguments, *model)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_only_tasks_of_the_chosen_categories_are_run(home):
    out = home / "categories.jsonl"
    arguments = ["--suite", "mission", "--model", f"{MODELS}:null_model", "--out", str(out)]
    done = evaluate(home, *arguments, "--categories", "single,direct")
    assert done.returncode == 0, done.stderr
    records = read_results(out).records
    assert sorted(record.category for record in records) == ["direct"] * 2 + ["single"] * 3


def test_a_sample_is_seeded_and_has_of_each_category(home):
    out = home / "sample.jsonl"
    arguments = ["--suite", "mission", "--model", f"{MODELS}:null_model", "--out", str(out), "--seed", "7"]
    assert evaluate(home, *arguments, "--limit", "4").returncode == 0
    small = read_results(out).records
    assert {record.category for record in small} == {"direct", "single", "read", "edit"}
    assert evaluate(home, *arguments, "--limit", "6").returncode == 0
    records = read_results(out).records
    assert records[:4] == small, "a larger sample of the same seed goes on with the smaller"
    assert len(records) == 6
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert "facts" in lines[0]
