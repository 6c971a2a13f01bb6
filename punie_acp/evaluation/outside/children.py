"""Others' code, asked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from punie_acp.evaluation.errors import EvaluationError

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 60.0


def python_arguments(script: Path, action: str, folder: Path, *words: str) -> list[str]:
    """Of Python: nothing is taken from the current folder, and nothing is written into `folder`."""
    return ["-P", "-B", str(script), action, str(folder), *words]


def ask(script: Path, action: str, folder: Path, *words: str, name: str, said: str = "") -> object:
    """What the code in `folder` says, which is `name`'s. Raises `EvaluationError`."""
    command = [sys.executable, *python_arguments(script, action, folder, *words)]
    try:
        done = subprocess.run(command, input=said, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
        if done.returncode == 0:
            return json.loads(done.stdout)
        reason = (done.stderr.strip().splitlines() or ["it ended"])[-1]
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    raise EvaluationError(f"{folder} cannot be used as {name}: {reason}")
