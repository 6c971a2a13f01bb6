"""The command line as a user meets it: real processes in a home folder of their own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from punie_acp.settings import MODES
from tests.tiny_models import build_tiny_model

ROOT = Path(__file__).parents[1]


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def environment(home, **extra):
    names = ("PATH", "LANG", "VIRTUAL_ENV", "TMPDIR")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return kept | {"HOME": str(home), "COLUMNS": "100", "PYTHONWARNINGS": "error::ResourceWarning"} | extra


def punie(home, *arguments, stdin="", **extra):
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "punie_acp", *arguments],
        capture_output=True,
        text=True,
        input=stdin,
        env=environment(home, **extra),
        timeout=60,
        check=False,
    )


def test_without_a_command_and_a_terminal_it_says_what_to_type(home):
    done = punie(home)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == snapshot(
        """\
punie-acp: no command given. Type one of these:
  punie-acp --stdio          serve an editor over stdin and stdout (editors start it so)
  punie-acp ask "…"          ask about the project in this folder
  punie-acp init zed         set up an editor (zed or jetbrains)
  punie-acp models           see, install and remove models
  punie-acp doctor           check this installation
  punie-acp --help           everything else
"""
    )


def test_without_a_command_on_a_terminal_it_shows_the_help(home):
    home.mkdir()
    controller, terminal = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "punie_acp"], stdin=terminal, stdout=terminal, env=environment(home, TERM="dumb")
    )
    os.close(terminal)
    shown = b""
    with os.fdopen(controller, "rb", buffering=0) as screen, contextlib.suppress(OSError):  # EIO: it has ended
        while piece := screen.read(4096):
            shown += piece
    assert child.wait(timeout=30) == 2
    assert b"Usage: punie-acp" in shown
    assert b"doctor" in shown


@pytest.mark.parametrize("arguments", [["--help"], ["--stdio", "--help"]])
def test_the_help_names_what_an_editor_types(home, arguments):
    done = punie(home, *arguments)
    assert done.returncode == 0
    assert all(
        option in done.stdout
        for option in ("--stdio", "--model", "--mode", "ask|review|auto|plan|read-only", "--log-level")
    )


def test_the_version_is_told_both_ways(home):
    assert punie(home, "--version").stdout == punie(home, "version").stdout == "punie-acp 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "extra", "message"),
    [
        (["models", "remove", "absent"], {}, "punie-acp: 'absent' is not installed.\n"),
        (
            ["models"],
            {"PUNIE_MODE": "wild"},
            f"punie-acp: mode is 'wild' in the environment; it must be one of {', '.join(map(repr, MODES))}\n",
        ),
    ],
)
def test_an_expected_error_is_one_line(home, arguments, extra, message):
    done = punie(home, *arguments, **extra)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


def test_a_fault_is_one_line_and_its_traceback_is_in_the_log(home, tmp_path):
    (tmp_path / "models" / ".default").mkdir(parents=True)  # what nobody has thought of
    done = punie(home, "models", "default", PUNIE_DATA_DIR=str(tmp_path), PUNIE_LOG_DIR=str(tmp_path / "log"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"punie-acp: error: internal error; the traceback is in {tmp_path / 'log'} (error=IsA"
    )
    assert done.stderr.count("\n") == 1
    logged = json.loads((tmp_path / "log" / "punie-acp.log").read_text().splitlines()[-1])
    assert "Traceback" in logged["exception"]


def test_an_empty_prompt_is_refused(home):
    done = punie(home, "ask", "-", stdin=" \n")
    assert done.returncode == 2
    assert "the prompt is empty" in done.stderr


@pytest.mark.parametrize(
    ("mode", "words"),
    [("ask", "`--mode auto` allows what is neither dangerous nor secret"), ("auto", "asks in every mode")],
)
def test_who_cannot_be_asked_is_told_what_would_allow_it(home, tmp_path, mode, words):
    (tmp_path / "project").mkdir()
    prompt = "```python\nrun_command('rm -rf away')\n```"
    settings = {"PUNIE_MODEL": "import:tests.scripted:echo_model", "PYTHONPATH": str(ROOT)}
    done = punie(home, "ask", "--cwd", str(tmp_path / "project"), "--mode", mode, prompt, **settings)
    assert "the user refused: Run rm -rf away" in done.stdout
    assert words in " ".join(done.stderr.split())


@pytest.mark.slow
def test_a_model_is_imported_listed_chosen_and_removed(home, tmp_path):
    folder = build_tiny_model(tmp_path / "tiny")
    assert punie(home, "models", "import", str(folder)).returncode == 0
    assert punie(home, "models", "default", "tiny").stdout == "tiny\n"
    rows = {row["name"]: row for row in json.loads(punie(home, "models", "list", "--json").stdout)}
    assert rows["tiny"]["installed"]
    assert rows["tiny"]["default"]
    assert not rows["qwen2.5-coder-0.5b"]["installed"]
    table = punie(home, "models").stdout.splitlines()
    assert table[0].split() == ["name", "model", "size", "memory", "state"]
    assert next(line for line in table if line.startswith("tiny")).rstrip().endswith("installed, default")
    assert punie(home, "models", "remove", "tiny").stdout == "tiny is removed.\n"
    assert punie(home, "models", "remove", "tiny").returncode == 1


def test_init_writes_once_shows_the_change_and_prints_on_request(home):
    first, second = punie(home, "init", "zed", "--model", "qwen2.5-coder-0.5b"), punie(home, "init", "zed")
    file = home / ".config" / "zed" / "settings.json"
    entry = json.loads(file.read_text())["agent_servers"]["Punie"]
    assert entry["args"][-3:] == ["--stdio", "--model", "qwen2.5-coder-0.5b"]
    assert '+    "Punie": {' in first.stdout
    assert first.stdout.endswith(f"Zed is set up: {file}\n")
    assert second.stdout == f"Zed is already set up: {file}\n"
    printed = json.loads(punie(home, "init", "jetbrains", "--print").stdout)
    assert printed["agent_servers"]["Punie"]["args"][-1] == "--stdio"
    assert not (home / ".jetbrains").exists()


def test_init_refuses_a_file_that_it_cannot_read(home):
    file = home / ".jetbrains" / "acp.json"
    file.parent.mkdir(parents=True)
    file.write_text('{\n  "agent_servers": {,}\n}\n')
    done = punie(home, "init", "jetbrains")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"punie-acp: {file}: line 2, column 21: a key in double quotation marks")
    assert [path.name for path in file.parent.iterdir()] == ["acp.json"]


def test_ctrl_c_ends_a_command_with_130_and_no_traceback(home):
    home.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-m", "punie_acp", "doctor"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, PYTHONUNBUFFERED="1", PYTHONWARNINGS="ignore"),
    )
    assert child.stdout.readline()  # it is at work
    time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, error = child.communicate(timeout=30)
    assert child.returncode == 130, error
    assert b"Traceback" not in error
