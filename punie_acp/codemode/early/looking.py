"""Whether a call that was made before would give the same now.

What is at one path is asked for again. What goes through many files is not repeated: a list shows them as they were
when its line was written, and so does a search, which counts only as long as no file that it names has changed since.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from punie_acp.codemode.calls import Answer, Plan
    from punie_acp.codemode.functions import Match
    from punie_acp.workspace.base import FileStat, Workspace

ONE_PATH = frozenset(
    {
        *("read_file", "open.read_text", "open.read_bytes", "open.exists", "Path.read_text", "Path.read_bytes"),
        *("Path.exists", "Path.is_file", "Path.is_dir", "Path.is_symlink", "Path.stat", "Path.iterdir"),
    }
)
MANY_PATHS = frozenset({"list_files", "search", "glob.glob", "Path.scan"})


async def look_again(
    name: str, plan: Plan, answer: Answer | Exception, workspace: Workspace
) -> Callable[[], Awaitable[bool]]:
    """What says whether the call of function `name`, which has just given `answer`, would give it once more."""
    if name in ONE_PATH:
        return partial(_gives, plan, answer)
    if isinstance(answer, Exception) or name != "search":
        return _always
    paths = sorted({match.path for match in cast("list[Match]", answer.value)})
    return partial(_are_unchanged, workspace, paths, await _states(workspace, paths))


async def _gives(plan: Plan, before: Answer | Exception) -> bool:
    try:
        now: Answer | Exception = await plan.perform(_unheard)
    except Exception as error:  # noqa: BLE001 - what a workspace raises is an answer too
        now = error
    if isinstance(before, Exception) or isinstance(now, Exception):
        return type(before) is type(now) and str(before) == str(now)
    return before.value == now.value or repr(before.value) == repr(now.value)


async def _are_unchanged(workspace: Workspace, paths: list[str], before: list[FileStat | None]) -> bool:
    return await _states(workspace, paths) == before


async def _states(workspace: Workspace, paths: list[str]) -> list[FileStat | None]:
    return [await _state(workspace, path) for path in paths]


async def _state(workspace: Workspace, path: str) -> FileStat | None:
    try:
        return await workspace.stat(workspace.resolve(path))
    except (OSError, ValueError):
        return None


async def _always() -> bool:
    return True


async def _unheard(_: object) -> None:
    """A read has no progress."""
