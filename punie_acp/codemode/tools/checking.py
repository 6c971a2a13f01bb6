"""`lint` and `type_check`: the project's own linter and type checker, as commands that the user sees and may refuse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.codemode.tools.commands import last_line, project_path, tool_plan
from punie_acp.codemode.tools.diagnostics import OPTIONS, READERS

if TYPE_CHECKING:
    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.codemode.tools.detecting import Tool
    from punie_acp.codemode.tools.values import Diagnostic
    from punie_acp.workspace.base import CommandResult


async def check(place: Place, tool: Tool, path: PathLike | None = None) -> Plan:
    """Plan to run `tool` over the project, or over one file or folder of it."""
    given = [project_path(place, path)] if path is not None else ["."] if _needs_a_path(tool) else []
    command = [*tool.command, *OPTIONS[tool.name], *given]

    async def answer(result: CommandResult) -> list[Diagnostic]:
        return _diagnostics(place, tool, result)

    return tool_plan(place, command, answer)


def _needs_a_path(tool: Tool) -> bool:
    return tool.name == "mypy" and not tool.names_files


def _diagnostics(place: Place, tool: Tool, result: CommandResult) -> list[Diagnostic]:
    """What the tool found. Raises `RuntimeError` where it did not get to the end of looking."""
    if result.truncated:
        raise RuntimeError(f"{tool.name} found more than can be read here; give it a path")
    try:
        found = READERS[tool.name](result.stdout)
    except (ValueError, KeyError, TypeError):
        raise RuntimeError(_failure(tool, result)) from None
    if result.exit_code not in {0, 1} and not found:
        raise RuntimeError(_failure(tool, result))
    root = place.workspace.root
    return [one._replace(path=place.workspace.display(root / Path(one.path))) for one in found]


def _failure(tool: Tool, result: CommandResult) -> str:
    said = last_line(result.stderr) or last_line(result.stdout)
    ended = "took too long" if result.timed_out else f"failed with exit code {result.exit_code}"
    return f"{tool.name} {ended}: {said}" if said else f"{tool.name} {ended}"
