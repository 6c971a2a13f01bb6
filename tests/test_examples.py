"""The examples do what their readers are told: real processes, everything real but the model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
COUNT = """
counts = {path: read_file(path).count("# TODO") for path in list_files("src/**/*.py")}
ranked = sorted((count, path) for path, count in counts.items())
print(ranked[-1], ranked[-2][0])
"""


@pytest.fixture
def environment(tmp_path):
    folders = {f"PUNIE_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA", "LOG")}
    return {**os.environ, **folders, "PYTHONPATH": str(ROOT)}


def client(environment, *arguments, script=None, tmp_path=None, model="import:tests.scripted:echo_model"):
    if script is not None:
        file = tmp_path / "script.json"
        file.write_text(json.dumps(script))
        environment, model = {**environment, "PUNIE_TEST_SCRIPT": str(file)}, "import:tests.scripted:model"
    return subprocess.run(
        [sys.executable, str(EXAMPLES / "client.py"), *arguments, "--model", model],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(code):
    return f"```python\n{code}\n```"


def test_the_client_shows_the_program_and_each_call_through_its_states(environment, tmp_path):
    script = [{"text": "Let me count.", "code": COUNT}, {"text": "storage.py has 5."}]

    done = client(environment, script=script, tmp_path=tmp_path)

    assert done.returncode == 0, done.stderr
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert "▌ ranked = sorted((count, path) for path, count in counts.items())" in lines
    assert "  Read src/tally/storage.py (line 2)  → pending → in_progress → completed" in lines
    assert "  │ (5, 'src/tally/storage.py') 3" in lines
    assert lines[-2] == "storage.py has 5."
    assert lines[-1].startswith("2 turns · 9 external calls · ")


def test_the_client_shows_diffs_and_output_and_says_what_it_allowed(environment):
    code = "write_file('new.txt', 'a\\n')\nrun_command('echo one; sleep 0.3; echo two')"

    done = client(environment, program(code))

    assert done.returncode == 0, done.stderr
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert "    +a" in lines
    assert "    allowed without a question: Create new.txt" in lines
    assert lines.count("    │ one") == lines.count("    │ two") == 1


def test_the_client_changes_only_its_copy(environment):
    before = {path: path.read_bytes() for path in (EXAMPLES / "workspace").rglob("*") if path.is_file()}

    done = client(environment, program("write_file('README.md', 'gone')"))

    assert done.returncode == 0, done.stderr
    assert {path: path.read_bytes() for path in (EXAMPLES / "workspace").rglob("*") if path.is_file()} == before


def test_in_a_folder_of_the_users_nothing_is_allowed_unasked(environment, tmp_path):
    (tmp_path / "project").mkdir()
    write = program("try:\n    write_file('a.txt', 'a')\nexcept PermissionError as e:\n    print(list_files('*'), e)")

    refused = client(environment, write, "--cwd", str(tmp_path / "project"))
    assert "refused without a question: Create a.txt" in refused.stdout
    assert not (tmp_path / "project" / "a.txt").exists()

    allowed = client(environment, write, "--cwd", str(tmp_path / "project"), "--yes")
    assert allowed.returncode == 0, allowed.stderr
    assert (tmp_path / "project" / "a.txt").read_text() == "a"


def test_a_turn_without_a_completed_call_is_no_success(environment):
    done = client(environment, "Hello")
    assert (done.returncode, done.stderr) == (1, "client: no external call was completed\n")


def test_a_turn_that_takes_too_long_is_cancelled(environment):
    environment["PUNIE_TEST_DELAY"] = "0.2"
    done = client(environment, "a " * 200, "--timeout", "2")
    assert (done.returncode, done.stderr) == (1, "client: the turn ended with cancelled\n")


def test_an_agent_that_dies_is_told_with_its_last_words(environment, tmp_path):
    (tmp_path / "dying.py").write_text("import os\ndef model():\n    os.write(2, b'no more\\n')\n    os._exit(3)\n")
    environment["PYTHONPATH"] = str(tmp_path)

    done = client(environment, "Hello", model="import:dying:model")

    assert done.returncode == 1
    assert done.stderr == "client: the agent ended with status 3; it said:\nno more\n"


def script(name, environment, prompt):
    environment["PUNIE_MODEL"] = "import:tests.scripted:echo_model"
    return subprocess.run(
        [str(EXAMPLES / name), prompt],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout


def test_asking_in_the_terminal_works_on_a_copy(environment):
    answer = script("ask.sh", environment, program("print(read_file('data/jobs.csv').count('Ada Lovelace'))"))
    assert answer.splitlines()[-1] == "3"


def test_the_json_of_a_turn_can_be_read_by_another_program(environment):
    told = script("ask-json.sh", environment, program("read_file('README.md')\nlist_files('src/**/*.py')"))
    assert told.splitlines() == [
        "stop reason: end_turn",
        "completed file-system/read Read README.md",
        "completed file-system/read List src/**/*.py",
    ]


def test_the_question_of_the_demo_has_one_right_answer():
    counts = sorted(path.read_text().count("# TODO") for path in (EXAMPLES / "workspace" / "src").rglob("*.py"))
    assert counts[-3:] == [2, 3, 5]


@pytest.mark.slow
def test_the_tests_of_the_workspace_pass(tmp_path, environment):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "workspace")],
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
