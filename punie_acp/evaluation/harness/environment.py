"""The peer's environment: an interpreter with pydantic-ai-harness, which is no dependency of ours. Made once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from punie_acp.evaluation.errors import EvaluationError

if TYPE_CHECKING:
    from pathlib import Path

PEER = "pydantic-ai-harness[code-mode]==0.62.*"
PACKAGES = (PEER, "pydantic-ai-slim[openai]")
SECONDS = 600.0


def peer_python(folder: Path | None = None) -> Path:
    """The interpreter, in `folder` or in the user's cache. Raises `EvaluationError` where it cannot be made."""
    environment = folder or _cache()
    python = environment / "bin" / "python"
    if not (environment / "ready").exists():
        _make(environment, python)
    return python


def peer_version(python: Path) -> str:
    """The version of pydantic-ai-harness there. Raises `EvaluationError`."""
    code = "from importlib.metadata import version; print(version('pydantic-ai-harness'))"
    return _run([str(python), "-c", code]).strip()


def harness_version() -> str:
    """Make sure that the peer is there: its name and version. Raises `EvaluationError`."""
    return f"pydantic-ai-harness {peer_version(peer_python())}"


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("punie-acp") / "eval-harness"


def _make(environment: Path, python: Path) -> None:
    uv = shutil.which("uv")
    if uv is not None:
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(environment)])
        _run([uv, "pip", "install", "--quiet", "--python", str(python), *PACKAGES])
    else:
        _run([sys.executable, "-m", "venv", "--clear", str(environment)])
        _run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES])
    (environment / "ready").touch()


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()
        why = said[-1] if said else "no reason given"
        raise EvaluationError(f"the environment of pydantic-ai-harness cannot be made: {why}") from error
    return done.stdout
