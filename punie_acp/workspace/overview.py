"""What a project's folder has, on a few lines: for who would otherwise guess where things are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punie_acp.workspace.base import Workspace

MOST_FOLDERS = 40
"""That are looked into: enough to fill the space, however many there are."""
MOST_ALONE = 3
"""Folders that have nothing but one folder each, below one another, and are passed through."""
LONGEST_NAME = 60


async def overview(workspace: Workspace, characters: int) -> str:
    """The names in the project's folder, and in each of its folders, in `characters` at most; "" where it has none.

    Left out is what .gitignore hides, what begins with a dot, and what is no plain name. Where there is no room for all
    of a folder's names, it says how many there are.
    """
    files, folders = await _contents(workspace, workspace.root)
    lines = [_line("", [*files, *(f"{folder.name}/" for folder in folders)], characters)] if files or folders else []
    left = characters - sum(map(len, lines))
    for position, folder in enumerate(folders[:MOST_FOLDERS]):
        name, inner, below = await _first_with_a_choice(workspace, folder)
        names = [*inner, *(f"{one.name}/" for one in below)]
        share = left // (min(len(folders), MOST_FOLDERS) - position)
        line = _line(f"{name}/: ", names, share) if names else ""
        if line and len(line) < left:
            lines.append(line)
            left -= len(line) + 1
    return "\n".join(lines)


async def _contents(workspace: Workspace, folder: Path) -> tuple[list[str], list[Path]]:
    """The names of the files in a folder, and its folders."""
    found = [path for path in await workspace.glob("*", folder) if _is_plain(path.name)]
    are_folders = await anyio.to_thread.run_sync(lambda: [path.is_dir() for path in found])
    files = [path.name for path, is_folder in zip(found, are_folders, strict=True) if not is_folder]
    return files, [path for path, is_folder in zip(found, are_folders, strict=True) if is_folder]


async def _first_with_a_choice(workspace: Workspace, folder: Path) -> tuple[str, list[str], list[Path]]:
    """`folder`, or what it has alone below it: its path, its files and its folders."""
    files, folders = await _contents(workspace, folder)
    for _ in range(MOST_ALONE):
        if files or len(folders) != 1:
            break
        folder = folders[0]
        files, folders = await _contents(workspace, folder)
    return workspace.display(folder), files, folders


def _is_plain(name: str) -> bool:
    return name.isprintable() and not name.startswith((".", "__pycache__")) and len(name) <= LONGEST_NAME


def _line(head: str, names: Sequence[str], room: int) -> str:
    """As many of `names` as there is room for, and how many more there are; "" where there is none for that."""
    for count in range(min(len(names), room), -1, -1):
        more = len(names) - count
        shown = [*names[:count], *([f"{more} more" if count else f"{more} names"] if more else [])]
        line = head + ", ".join(shown)
        if len(line) <= room:
            return line
    return ""
