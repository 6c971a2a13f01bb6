"""Others' code in processes of its own: asked, and as an MCP server that gives a task its functions."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from punie_acp.evaluation.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from punie_acp.protocol.errors import JsonValue

SECONDS = 60.0
SERVER = "tools"
"""The product names a server's functions after it: `tools_reverse_string`."""
SETTINGS: Final = {"mcp_start_seconds": "60"}
"""No task is begun without its functions, however slow the machine is."""


def named(functions: Iterable[str]) -> str:
    """The functions of a task, as a prompt names them."""
    return ", ".join(f"{SERVER}_{name}" for name in functions)


def server(script: Path, folder: Path, *words: str) -> dict[str, JsonValue]:
    """The MCP server of a task, as `session/new` takes it."""
    arguments: list[JsonValue] = [*_python_arguments(script, "serve", folder, *words)]
    return {"name": SERVER, "command": sys.executable, "args": arguments, "env": []}


def _python_arguments(script: Path, action: str, folder: Path, *words: str) -> list[str]:
    """Of Python: nothing is taken from the current folder, and nothing is written into `folder`."""
    return ["-P", "-B", str(script), action, str(folder), *words]


def ask(script: Path, action: str, folder: Path, *words: str, name: str, said: str = "") -> object:
    """What the code in `folder` says, which is `name`'s. Raises `EvaluationError`."""
    command = [sys.executable, *_python_arguments(script, action, folder, *words)]
    try:
        done = subprocess.run(command, input=said, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
        if done.returncode == 0:
            return json.loads(done.stdout)
        reason = (done.stderr.strip().splitlines() or ["it ended"])[-1]
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    raise EvaluationError(f"{folder} cannot be used as {name}: {reason}")
