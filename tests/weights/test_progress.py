"""Progress as a user sees it: a bar on a terminal, plain lines where there is none."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

from punie_acp.weights.progress import PlainProgress, progress_for, size_text, time_text

PROGRAM = """
import time
from punie_acp.weights.progress import progress_for
progress = progress_for()
progress.start("downloading tiny.gguf", 4_000_000)
for _ in range(8):
    progress.advance(500_000)
    time.sleep(0.05)
progress.finish()
progress.finish()
progress.note("tiny is ready: [4.0 MB] in /models.")
"""


def test_without_a_terminal_there_are_plain_lines_on_stderr_only():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "downloading tiny.gguf: 4.0 MB",
        "downloading tiny.gguf: 4.0 MB in 0 s",
        "tiny is ready: [4.0 MB] in /models.",
    ]


def test_on_a_terminal_there_is_a_bar_with_bytes_rate_and_time_left():
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        os.close(theirs)
        drawn = _read_all(ours)
        assert process.stdout is not None
        assert process.stdout.read() == b""
    assert process.returncode == 0
    for part in ("downloading tiny.gguf", "/4.0 MB", "MB/s", "0:00:0", "tiny is ready: [4.0 MB] in /models."):
        assert part in drawn


def test_a_long_download_is_told_every_few_seconds_with_share_rate_and_time_left():
    clock = iter([0.0, 1.0, 6.0, 7.0, 20.0, 40.0])
    stream = io.StringIO()
    progress = PlainProgress(stream, clock=lambda: next(clock))
    progress.start("downloading", 1000_000)
    for share in (100_000, 200_000, 1_000, 299_000):
        progress.advance(share)
    progress.finish()
    assert stream.getvalue().splitlines() == [
        "downloading: 1.0 MB",
        "downloading: 30 % of 1.0 MB, 50.0 kB/s, 14 s left",
        "downloading: 60 % of 1.0 MB, 30.0 kB/s, 13 s left",
        "downloading: 600.0 kB in 40 s",
    ]


def test_sizes_and_times_read_like_a_users_own():
    assert [size_text(size) for size in (999, 1_117_320_768, 491_400_064)] == ["999 B", "1.1 GB", "491.4 MB"]
    assert [time_text(seconds) for seconds in (0.4, 75, 3600)] == ["0 s", "1 min 15 s", "60 min 0 s"]
    assert isinstance(progress_for(io.StringIO()), PlainProgress)


def _read_all(terminal: int) -> str:
    drawn = b""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other end closes
            chunk = b""
        if not chunk:
            os.close(terminal)
            return drawn.decode()
        drawn += chunk
