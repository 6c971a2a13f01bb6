"""What a program may call by itself: the seven external functions, each planned before anybody is asked.

A planner takes the arguments as the program gave them, looks at the workspace, and returns a `Plan`. It raises
`PlanError` where the call cannot happen at all, and `TypeError` where the arguments are not what it takes.
"""

from __future__ import annotations

import itertools
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from punie_acp.codemode.calls import Answer, Plan, PlanError
from punie_acp.codemode.defining import save_definition
from punie_acp.codemode.events import CallType, JsonValue, Location, ToolKind
from punie_acp.codemode.misses import nothing_matches
from punie_acp.codemode.planning import (
    change_plan,
    command_plan,
    exit_code,
    names_summary,
    read_plan,
    require,
    stderr_with_notes,
    text_summary,
    write_plan,
)
from punie_acp.codemode.replacing import replace_once
from punie_acp.workspace.base import NotTextError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from punie_acp.workspace.base import CommandResult, Workspace

PathLike = str | PurePath


class Match(NamedTuple):
    """One line found by `search`, as the program sees it."""

    path: str
    line: int
    text: str


class Result(NamedTuple):
    """How a command ended, as the program sees it."""

    exit_code: int
    stdout: str
    stderr: str


Match.__module__ = Result.__module__ = "__main__"  # Monty shows a named tuple with its module otherwise


class Place:
    """Where a program's calls land: the workspace, and how long a command may take (seconds)."""

    def __init__(self, workspace: Workspace, command_seconds: float) -> None:
        self.workspace = workspace
        self.command_seconds = command_seconds

    def sensitivity_below(self, glob: str) -> str | None:
        """Why reading what `glob` names asks first: what holds for the folder or file that it begins with."""
        fixed = list(itertools.takewhile(lambda part: not set(part) & set("*?[{"), PurePath(glob).parts))
        try:
            return self.workspace.sensitivity(self.workspace.resolve(str(PurePath(*fixed)))) if fixed else None
        except (OSError, ValueError):
            return None

    def resolve(self, path: PathLike, type: CallType, kind: ToolKind, verb: str, *, follow: bool = True) -> Path:  # noqa: A002
        """The absolute path. Raises `PlanError` for one outside the workspace, `TypeError` for what is no path."""
        require(path, (str, PurePath), "a path")
        try:
            return self.workspace.resolve(str(path) or ".", follow=follow)
        except (OSError, ValueError) as error:
            raise PlanError(error, type, kind, f"{verb} {path}") from error

    def folder(self, cwd: PathLike | None) -> Path:
        """The folder a command runs in: the workspace's root unless `cwd` says otherwise."""
        if cwd is None:
            return self.workspace.root
        return self.resolve(cwd, CallType.SHELL, "execute", "Run a command in")

    async def text_before(self, path: Path) -> str | None:
        """The text of `path` before it is written; None where there is none, or it is not text."""
        try:
            return await self.workspace.read_text(path)
        except (FileNotFoundError, NotTextError):
            return None


async def read_file(place: Place, path: PathLike, start_line: int | None = None, end_line: int | None = None) -> Plan:
    """Plan to read a text file, or its lines from `start_line` to `end_line` (1-based, both included)."""
    target = place.resolve(path, CallType.READ, "read", "Read")
    part = "" if start_line is None and end_line is None else f" (lines {start_line or 1}–{end_line or 'end'})"

    async def perform(_: object) -> Answer:
        text = await place.workspace.read_text(target)
        if start_line is not None or end_line is not None:
            text = "".join(text.splitlines(keepends=True)[max((start_line or 1) - 1, 0) : end_line])
        return Answer(text, text_summary(text))

    return read_plan(place, target, perform, part=part, line=start_line)


async def write_file(place: Place, path: PathLike, content: str) -> Plan:
    """Plan to replace or create a text file."""
    require(content, str, "the content")
    target = place.resolve(path, CallType.WRITE, "edit", "Write")
    return await write_plan(place, target, content)


async def edit_file(place: Place, path: PathLike, old: str, new: str) -> Plan:
    """Plan to replace the one place in a text file where `old` stands."""
    require(old, str, "the old text")
    require(new, str, "the new text")
    target = place.resolve(path, CallType.WRITE, "edit", "Edit")
    title = f"Edit {place.workspace.display(target)}"
    try:
        before = await place.workspace.read_text(target)
        after = replace_once(before, old, new, place.workspace.display(target))
    except (OSError, ValueError) as error:
        told = error if isinstance(error, OSError) else _without_secrets(error, place, target)
        raise PlanError(told, CallType.WRITE, "edit", title) from error
    return change_plan(place, target, before, after, title, before[: before.index(old)].count("\n") + 1)


def _without_secrets(error: ValueError, place: Place, target: Path) -> ValueError:
    """`error`, which may quote the file, unless that is one whose reading has to be asked for first."""
    if place.workspace.sensitivity(target) is None:
        return error
    return ValueError(f"the old text does not stand exactly once in {place.workspace.display(target)}")


async def list_files(place: Place, pattern: PathLike = "**/*") -> Plan:
    """Plan to list the files that match a glob pattern, as paths relative to the root; a folder means all below it."""
    pattern = str(pattern)

    async def perform(_: object) -> Answer:
        folder = pattern in {"", "."} or await _is_folder(place.workspace, pattern)
        wanted = f"{pattern.rstrip('/') or '.'}/**/*" if folder else pattern
        found = await place.workspace.glob(wanted.removeprefix("./"), place.workspace.root)
        names = [place.workspace.display(path) for path in found if await _is_file(place.workspace, path)]
        missed = "" if names else await nothing_matches(place.workspace, wanted, place.workspace.root)
        return Answer(names, names_summary(names), missed=missed)

    title = f"List {pattern}" if pattern not in {"**/*", "**", ".", ""} else "List all files"
    return Plan(CallType.READ, "search", title, perform, (Location(str(place.workspace.root)),))


async def search(place: Place, pattern: str, glob: str | None = None) -> Plan:
    """Plan to find the lines that match a regular expression, in the files that match `glob`."""
    require(pattern, str, "a pattern")

    async def perform(_: object) -> Answer:
        matches = [Match(m.path, m.line, m.text) for m in await place.workspace.search(pattern, glob)]
        shown: list[JsonValue] = [f"{m.path}:{m.line}: {m.text[:200]}" for m in matches[:50]]
        missed = "" if matches or not glob else await _missed(place.workspace, glob)
        return Answer(matches, {"count": len(matches), "matches": shown}, missed=missed)

    where = f" in {glob}" if glob else ""
    secret = place.sensitivity_below(glob) if glob else None
    return Plan(CallType.READ, "search", f"Search for {pattern}{where}", perform, sensitive=secret)


async def _missed(workspace: Workspace, glob: str) -> str:
    """Where a search found nothing: that there is no such file either, if that is so."""
    if await _is_folder(workspace, glob) or await workspace.glob(glob, workspace.root):
        return ""
    return await nothing_matches(workspace, glob, workspace.root)


async def run_command(
    place: Place, command: str | Sequence[str], cwd: PathLike | None = None, timeout: float | None = None
) -> Plan:
    """Plan to run a shell command. The program gets its exit code and output, whatever they are."""

    def answer(result: CommandResult) -> object:
        return Result(exit_code(result), result.stdout, stderr_with_notes(result))

    return await command_plan(place, command, cwd, timeout, answer)


FUNCTIONS: dict[str, Callable[..., Awaitable[Plan]]] = {
    "read_file": read_file,
    "write_file": write_file,
    "edit_file": edit_file,
    "save_definition": save_definition,
    "list_files": list_files,
    "search": search,
    "run_command": run_command,
}

ALIASES = {
    "path": ("filename", "file_path", "filepath", "file", "file_name", "target_file"),
    "content": ("contents", "text", "data", "new_content"),
    "code": ("definition", "function", "name", "source", "content"),
    "old": ("old_text", "old_string", "old_str", "search"),
    "new": ("new_text", "new_string", "new_str", "replace", "replacement"),
    "pattern": ("query", "regex", "path", "text"),
    "glob": ("file_pattern", "include", "path", "file_glob"),
    "command": ("cmd", "args"),
    "cwd": ("working_directory", "workdir", "directory"),
    "start_line": ("start", "offset", "line_start"),
    "end_line": ("end", "line_end"),
}
"""Other names under which models know these parameters; accepted where the function has no parameter of that name."""


async def _is_file(workspace: Workspace, path: Path) -> bool:
    found = await workspace.stat(path)
    return found is not None and found.kind == "file"


async def _is_folder(workspace: Workspace, path: str) -> bool:
    try:
        found = await workspace.stat(workspace.resolve(path))
    except (OSError, ValueError):
        return False
    return found is not None and found.kind == "directory"
