"""What a program looked for in vain, and what is there instead: a sentence for who guessed where things are."""

from __future__ import annotations

import ast
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from punie_acp.codemode.source import Definition

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.workspace.base import Workspace

_MOST_NAMES = 8
_HOW_TO_CHANGE = "To put it into one, call save_definition(path, {name})."
_WILD = "*?["


def nothing_done(code: str) -> list[str]:
    """That a program which has called nothing only defined something for itself, if it did."""
    names = [node.name for node in ast.parse(code).body if isinstance(node, Definition)]
    if not names:
        return []
    defined = ", ".join(names[:_MOST_NAMES])
    return [f"It only defined {defined} for itself: no file has changed. {_HOW_TO_CHANGE.format(name=names[0])}"]


async def nothing_matches(workspace: Workspace, pattern: str, base: Path) -> str:
    """That no file below `base` matches `pattern`, and what the folder has where it was sought."""
    folder = await _nearest_folder(workspace, base, pattern)
    names = [path.name for path in await workspace.glob("*", folder)]
    shown = ", ".join(names[:_MOST_NAMES]) + (f", … {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else "")
    place = "The project's root" if folder == workspace.root else workspace.display(folder)
    return f"No file matches {pattern}. {place} {f'has: {shown}' if names else 'is empty'}."


async def _nearest_folder(workspace: Workspace, base: Path, pattern: str) -> Path:
    """The folder that a pattern begins with, as far as it is there."""
    folder = base
    for part in takewhile(lambda part: not set(part) & set(_WILD), PurePosixPath(pattern).parts):
        if part in {"/", ".."}:
            break
        below = folder / part
        known = await workspace.stat(below)
        if known is None or known.kind != "directory":
            break
        folder = below
    return folder
