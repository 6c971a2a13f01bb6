"""Environments of others' packages that are measured or used here and are no dependencies of ours. Each made once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.evaluation.errors import EvaluationError

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Environment:
    """One with `packages`: requirements, as pip takes them. Without `dependencies` it has nothing that they ask for."""

    name: str
    packages: tuple[str, ...]
    dependencies: bool = True

    def python(self, folder: Path | None = None) -> Path:
        """Its interpreter, in `folder` or in the user's cache. Raises `EvaluationError` where it cannot be made."""
        environment = folder or _cache(self.name)
        python = environment / "bin" / "python"
        if not (environment / "ready").exists():
            self._make(environment, python)
        return python

    def ask(self, python: Path, code: str) -> str:
        """What a line of Python prints there. Raises `EvaluationError`."""
        return self._run([str(python), "-c", code]).strip()

    def _make(self, environment: Path, python: Path) -> None:
        packages = [*([] if self.dependencies else ["--no-deps"]), *self.packages]
        uv = shutil.which("uv")
        if uv is not None:
            self._run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(environment)])
            self._run([uv, "pip", "install", "--quiet", "--python", str(python), *packages])
        else:
            self._run([sys.executable, "-m", "venv", "--clear", str(environment)])
            self._run([str(python), "-m", "pip", "install", "--quiet", *packages])
        (environment / "ready").touch()

    def _run(self, command: list[str]) -> str:
        try:
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "stderr", "") or error).strip().splitlines()
            why = said[-1] if said else "no reason given"
            raise EvaluationError(f"the environment of {self.name} cannot be made: {why}") from error
        return done.stdout


def _cache(name: str) -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("punie-acp") / f"eval-{name}"
