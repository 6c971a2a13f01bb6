"""Ordinary Python that touches the project, as external calls; and that programs of the usual kind run at all."""

import subprocess
import sys
from pathlib import Path

import pytest

from punie_acp.codemode.events import CallType

PROGRAMS = Path(__file__).with_name("ordinary_python.txt").read_text(encoding="utf-8")
"""Programs of the kind that models write, each after a line `### name`."""

SAME_AS_CPYTHON = dict(part.split("\n", 1) for part in PROGRAMS.split("### ")[1:])


@pytest.mark.parametrize("name", SAME_AS_CPYTHON)
def test_it_prints_and_leaves_what_cpython_does(lab, name):
    code = SAME_AS_CPYTHON[name]
    ran = lab.run(code)
    ours = snapshot(lab.root)
    lab.fill()
    theirs = subprocess.run([sys.executable, "-c", code], cwd=lab.root, capture_output=True, text=True, check=False)
    assert ran.outcome.error is None
    assert sorted(ran.output.split("\n")) == sorted((theirs.stdout + theirs.stderr).split("\n"))
    assert ours == snapshot(lab.root)


def snapshot(root):
    return {str(p.relative_to(root)): p.read_bytes() if p.is_file() else None for p in root.rglob("*")}


def test_one_file_written_in_parts_is_one_call_with_one_diff(lab):
    ran = lab.run('with open("a.txt", "w") as f:\n    f.write("1\\n")\n    f.write("2\\n")\n')
    (request,) = ran.requests
    assert (request.type, request.source_line) == (CallType.WRITE, 1)
    assert request.changes[0].old_text == "one\ntwo\nthree\n"
    assert request.changes[0].new_text == "1\n2\n"


def test_a_refused_file_keeps_what_it_had(lab):
    ran = lab.run(
        'try:\n    with open("a.txt", "w") as f:\n        f.write("gone")\nexcept PermissionError as e:\n    print(e)',
        refuse=lambda call: "no" if call.type is CallType.WRITE else None,
    )
    assert ran.output == "no\n"
    assert (lab.root / "a.txt").read_text() == "one\ntwo\nthree\n"


def test_a_file_left_open_is_written_at_the_end(lab):
    ran = lab.run('f = open("left.txt", "w")\nf.write("kept")')
    assert (lab.root / "left.txt").read_text() == "kept"
    assert ran.requests[0].source_line == 1


@pytest.mark.parametrize(
    "code",
    [
        'import os\n\nos.path.exists("a.txt")',
        'from pathlib import Path\n\nPath("a.txt").read_text()',
        'x = 1\n\nopen("a.txt").read()',
        'import glob\n\nglob.glob("*")',
        'import subprocess\n\nsubprocess.run("true", shell=True)',
        'from pathlib import Path\n\nPath("a.txt").open("r").read()',
    ],
)
def test_every_call_knows_its_line(lab, code):
    assert [request.source_line for request in lab.run(code).requests] == [3]


def test_uncaptured_output_of_a_command_is_printed(lab):
    assert lab.run('import subprocess\nsubprocess.run("echo loud", shell=True)').output == "loud\n"


def test_forgotten_imports_do_not_matter(lab):
    assert (
        lab.run('print(json.loads("[1]"), Path("a.txt").name, re.sub("a", "b", "a"), os.sep)').output
        == "[1] a.txt b /\n"
    )


def test_secrets_in_the_environment_are_not_seen(lab, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "hush")
    assert (
        lab.run('import os\nprint(os.environ.get("API_TOKEN"), os.getenv("API_TOKEN", "none"))').output == "None none\n"
    )


def test_network_modules_are_refused_with_a_reason(lab):
    error = lab.run("import requests\nrequests.get('http://x')").outcome.error
    assert (error.kind, error.line) == ("type", 1)
    assert "no network" in error.message
