"""The command that an editor will start: absolute, and one that is still there next month."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = "punie-acp"


@dataclass(frozen=True, slots=True)
class Launch:
    """A program and its arguments, without `--stdio`."""

    command: str
    args: tuple[str, ...] = ()


def stable_launch() -> Launch:
    """How to start the installation that runs now.

    In this order: through `uvx` when this is one of its temporary environments; the name on PATH, where it leads to
    this installation (a tool manager renews that link when it upgrades); the script beside this interpreter; this
    interpreter itself.
    """
    uvx = shutil.which("uvx")
    if _is_temporary(Path(sys.prefix)) and uvx:
        return Launch(str(Path(uvx).absolute()), (SCRIPT,))
    own = Path(sys.prefix) / "bin" / SCRIPT
    if not os.access(own, os.X_OK):
        return Launch(sys.executable, ("-m", "punie_acp"))
    return Launch(str(_name_on_path(own) or own))


def _name_on_path(own: Path) -> Path | None:
    for folder in os.get_exec_path():
        found = Path(folder).absolute() / SCRIPT
        if found.is_file() and found.samefile(own):
            return found
    return None


def _is_temporary(prefix: Path) -> bool:
    """Whether `prefix` lies in uv's cache, from which `uvx` runs and `uv cache clean` removes."""
    caches = [Path.home() / ".cache" / "uv", Path.home() / "Library" / "Caches" / "uv"]
    caches += [Path(os.environ[name], *rest) for name, rest in _CACHE_SETTINGS if os.environ.get(name)]
    return any(prefix.resolve().is_relative_to(cache.resolve()) for cache in caches)


_CACHE_SETTINGS: tuple[tuple[str, tuple[str, ...]], ...] = (("UV_CACHE_DIR", ()), ("XDG_CACHE_HOME", ("uv",)))
