"""A tool's command: planned, shown and asked for like any other; only what the program gets of it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.codemode.calls import Answer, Plan
from punie_acp.codemode.events import CallType
from punie_acp.codemode.planning import command_line, command_summary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.workspace.base import CommandProgress, CommandResult


def tool_plan(
    place: Place,
    command: Sequence[str],
    answer: Callable[[CommandResult], Awaitable[object]],
    variables: Callable[[], Mapping[str, str]] = dict,
    at_the_end: Callable[[], None] = lambda: None,
) -> Plan:
    """A plan to run `command` in the project's folder, its exact line as the title.

    `answer` makes the program's value of how it ended; `variables` gives what its environment has besides;
    `at_the_end` clears up after that, however it ends.
    """
    line = command_line(command)

    async def perform(report: Callable[[CommandProgress], Awaitable[None]]) -> Answer:
        try:
            result = await place.workspace.run_command(
                list(command),
                cwd=place.workspace.root,
                timeout=place.command_seconds,
                env=variables(),
                on_progress=report,
            )
            return Answer(await answer(result), command_summary(result))
        finally:
            at_the_end()

    return Plan(CallType.SHELL, "execute", f"Run {line}", perform, command=line, cwd=str(place.workspace.root))


def project_path(place: Place, path: PathLike, *, must_exist: bool = True) -> str:
    """`path` as a command's argument that is no option. Raises `PlanError` for one outside of the project."""
    target = place.resolve(path, CallType.SHELL, "execute", "Run a command on")
    if must_exist and not target.exists():
        raise FileNotFoundError(f"no file or folder {path}")
    shown = place.workspace.display(target)
    return f"./{shown}" if shown.startswith("-") else shown


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
