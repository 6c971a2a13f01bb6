"""`git_status`, `git_diff`, `git_log`: git itself, as commands that the user sees and may refuse.

What git prints is asked for line by line rather than with NULs between (`-z`): an editor's terminal drops those.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from punie_acp.codemode.tools.commands import last_line, project_path, tool_plan
from punie_acp.codemode.tools.values import Commit, GitStatus

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.workspace.base import CommandResult

MAX_COMMITS = 1000

_ESCAPE = re.compile(rb'\\([0-7]{3}|[abfnrtv"\\])')
_ESCAPED = dict(zip(b'abfnrtv"\\', b'\a\b\f\n\r\t\v"\\', strict=True))
_COMMIT = re.compile(r"([0-9a-f]{40,64})\t([^\t]*)\t([^\t]*)\t(.*)")


async def git_status(place: Place, top: Path) -> Plan:
    """Plan to ask git what differs from the last commit. `top` is the repository's folder."""
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=all", "--", "."]

    async def answer(result: CommandResult) -> GitStatus:
        return read_status(_said(result), _below(place, top))

    return tool_plan(place, command, answer)


async def git_diff(place: Place, path: PathLike | None = None) -> Plan:
    """Plan to ask git for the changes since the last commit, as a patch with paths relative to the project."""
    shown = project_path(place, path, must_exist=False) if path is not None else "."

    async def answer(result: CommandResult) -> str:
        return _said(result)

    return tool_plan(place, ["git", "diff", "--no-color", "--no-ext-diff", "--relative", "HEAD", "--", shown], answer)


async def git_log(place: Place, count: int = 10) -> Plan:
    """Plan to ask git for the last commits."""
    number = min(max(int(count), 1), MAX_COMMITS)
    command = ["git", "log", f"--max-count={number}", "--no-color", "--format=%H%x09%aI%x09%an%x09%s"]

    async def answer(result: CommandResult) -> list[Commit]:
        return read_log(_said(result))

    return tool_plan(place, command, answer)


def _said(result: CommandResult) -> str:
    """What git printed. Raises `RuntimeError` with git's own words where it failed."""
    if result.exit_code != 0:
        said = result.stderr.strip() or result.stdout.strip()
        first = said.splitlines()[0] if said else f"exit code {result.exit_code}"
        raise RuntimeError("there is no commit yet" if _is_unborn(said) else f"git failed: {first or last_line(said)}")
    return result.stdout


def _is_unborn(said: str) -> bool:
    return "ambiguous argument 'HEAD'" in said or "bad revision 'HEAD'" in said or "any commits yet" in said


def _below(place: Place, top: Path) -> str:
    """How paths of the project begin in the repository: "" where it is the whole of it."""
    relative = place.workspace.root.relative_to(top.resolve()).as_posix()
    return "" if relative == "." else f"{relative}/"


def read_status(output: str, below: str = "") -> GitStatus:
    """What `git status --porcelain=v2 --branch` printed; paths lose the `below` they begin with."""
    branch, staged, modified, untracked = "", list[str](), list[str](), list[str]()
    path_of = partial(_path, below=below)
    for line in output.splitlines():
        kind, _, rest = line.partition(" ")
        if line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ")
        elif kind in {"1", "2"}:
            fields = rest.split(" ", 7 if kind == "1" else 8)
            path = path_of(fields[-1].split("\t")[0])
            staged += [path] if fields[0][0] != "." else []
            modified += [path] if fields[0][1] != "." else []
        elif kind == "u":
            modified.append(path_of(rest.split(" ", 9)[-1]))
        elif kind == "?":
            untracked.append(path_of(rest))
    return GitStatus(branch, staged, modified, untracked)


def _path(text: str, below: str) -> str:
    return unquoted(text.rstrip("\r")).removeprefix(below)


def unquoted(path: str) -> str:
    """A path as git quotes it where it has unusual characters: `"caf\\303\\251.py"`."""
    if not (path.startswith('"') and path.endswith('"') and len(path) > 1):
        return path
    return _ESCAPE.sub(_unescape, path[1:-1].encode()).decode(errors="surrogateescape")


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8) if code.isdigit() else _ESCAPED[code[0]]])


def read_log(output: str) -> list[Commit]:
    """The commits that `git log` printed; lines of other settings of the user (signatures) are passed over."""
    found = (_COMMIT.fullmatch(line) for line in output.splitlines())
    return [Commit(one[1], one[3], one[2], one[4]) for one in found if one is not None]
