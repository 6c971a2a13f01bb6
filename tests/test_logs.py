"""Where log lines end, seen from outside: real processes that log into a folder of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from textwrap import dedent

from inline_snapshot import snapshot

PREPARE = """\
import os, sys
from pathlib import Path
from punie_acp.logs import configure_logging, log_context
from punie_acp.settings import Settings
folder = Path(sys.argv[1])
"""


def run(tmp_path, program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", PREPARE + dedent(program), str(tmp_path), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


def lines(tmp_path):
    return [json.loads(line) for line in (tmp_path / "punie-acp.log").read_text().splitlines()]


def without(line, *keys):
    return {key: value for key, value in line.items() if key not in keys}


def test_lines_go_to_the_file_warnings_to_stderr_and_nothing_to_stdout(tmp_path):
    done = run(
        tmp_path,
        """
        import logging, structlog, warnings
        configure_logging(Settings(log_dir=folder))
        configure_logging(Settings(log_dir=folder))  # twice is as once
        log = structlog.get_logger()
        with log_context(session="s1", turn="t1"):
            log.debug("not at this level")
            log.info("turn started", prompt="my secret plan", tokens=3)
            log.warning("the model is slow", seconds=4)
            logging.getLogger("mlx_lm.utils").warning("weights are %s", "odd")
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("the engine failed")
        warnings.warn("an old call", FutureWarning)
        """,
    )
    assert done.stdout == ""
    assert done.stderr.splitlines()[:3] == snapshot(
        [
            "punie-acp: warning: the model is slow (session=s1, turn=t1, seconds=4)",
            "punie-acp: warning: weights are odd (session=s1, turn=t1, logger=mlx_lm.utils)",
            "punie-acp: error: the engine failed (error=ZeroDivisionError: division by zero)",
        ]
    )
    assert "FutureWarning: an old call" in done.stderr
    assert "Traceback" not in done.stderr
    logged = lines(tmp_path)
    assert without(logged[0], "timestamp", "process") == snapshot(
        {
            "prompt": "(14 characters; shown at log level debug)",
            "tokens": 3,
            "event": "turn started",
            "session": "s1",
            "turn": "t1",
            "level": "info",
        }
    )
    assert [line["event"].split("\n")[0] for line in logged[1:4]] == [
        "the model is slow",
        "weights are odd",
        "the engine failed",
    ]
    assert "1 / 0" in logged[3]["exception"] or "ZeroDivisionError" in logged[3]["exception"]
    assert len(logged) == 5
    assert (tmp_path / "punie-acp.log").stat().st_mode & 0o077 == 0


def test_at_level_debug_the_users_text_is_logged(tmp_path):
    run(
        tmp_path,
        """
        import structlog
        configure_logging(Settings(log_dir=folder, log_level="debug"))
        structlog.get_logger().debug("program", code="print(1)")
        """,
    )
    assert lines(tmp_path)[0]["code"] == "print(1)"


def test_a_library_that_handles_its_own_lines_is_led_to_the_file(tmp_path):
    done = run(
        tmp_path,
        """
        configure_logging(Settings(log_dir=folder))
        from transformers.utils import logging
        logging.get_logger("transformers.models.x").warning("a template is missing")
        """,
    )
    assert done.stdout == ""
    assert done.stderr.count("a template is missing") == 1
    assert done.stderr == "punie-acp: warning: a template is missing (logger=transformers.models.x)\n"
    assert lines(tmp_path)[-1]["event"] == "a template is missing"


def test_processes_that_share_the_file_rotate_it_without_losing_or_mixing_lines(tmp_path):
    program = """
        import logging
        from punie_acp.logs import SharedRotatingFile
        handler = SharedRotatingFile(folder / "punie-acp.log", max_bytes=20_000, old_files=100)
        for number in range(500):
            handler.emit(logging.makeLogRecord({"msg": f"{sys.argv[2]}:{number}:" + "x" * 100}))
        handler.close()
    """
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: run(tmp_path, program, name), "abc"))
    files = [path for path in tmp_path.iterdir() if path.suffix != ".lock"]
    assert len(files) > 5
    assert all(path.stat().st_size <= 25_000 for path in files)
    written = [line for path in files for line in path.read_text().splitlines()]
    assert sorted(written) == sorted(f"{name}:{number}:" + "x" * 100 for name in "abc" for number in range(500))


def test_only_the_newest_old_files_are_kept(tmp_path):
    program = """
        import logging
        from punie_acp.logs import SharedRotatingFile
        handler = SharedRotatingFile(folder / "punie-acp.log", max_bytes=10, old_files=2)
        for number in range(9):
            handler.emit(logging.makeLogRecord({"msg": f"line {number}"}))
    """
    run(tmp_path, program)
    names = ("punie-acp.log", "punie-acp.log.1", "punie-acp.log.2")
    assert [(tmp_path / name).read_text() for name in names] == ["line 8\n", "line 7\n", "line 6\n"]
    assert len(list(tmp_path.iterdir())) == 4  # and the lock


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path):
    done = run(
        tmp_path,
        """
        import structlog
        (folder / "file").write_text("")
        configure_logging(Settings(log_dir=folder / "file" / "logs"))
        structlog.get_logger().warning("still here")
        """,
    )
    assert "no log is kept" in done.stderr.splitlines()[0]
    assert done.stderr.splitlines()[1] == "punie-acp: warning: still here"


def test_nothing_heavy_is_imported_before_logging_is_configured():
    program = "import punie_acp.logs, sys; print([name for name in ('structlog', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
