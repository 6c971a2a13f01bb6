"""`punie-acp eval` as a process, with folders of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MODELS = "import:tests.evaluation.models"


def environment(home: Path, **more: str) -> dict[str, str]:
    """The variables of a process that keeps all it writes in `home`; commits made meanwhile change no facts."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PUNIE_")}
    folders = {f"PUNIE_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "LOG")}
    return inherited | folders | {"COLUMNS": "200", "GIT_DIR": "nowhere"} | more


def evaluate(home: Path, *arguments: str, timeout: float = 120, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end, in the repository; `more` are further variables."""
    return subprocess.run(
        [sys.executable, "-m", "punie_acp", "eval", *arguments],
        check=False,
        cwd=ROOT,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
    )
