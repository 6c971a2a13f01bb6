"""Looking at paths: `Path.exists`, `os.stat`, `os.listdir`, `os.walk`, `glob`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic_monty import ScanEntry, StatResult

from punie_acp.codemode.calls import Answer, Plan
from punie_acp.codemode.events import CallType, Location
from punie_acp.codemode.misses import nothing_matches
from punie_acp.codemode.planning import names_summary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.workspace.base import FileStat

READ = CallType.READ


def _look(place: Place, path: PathLike, question: str, answer: Callable[[FileStat | None], object]) -> Plan:
    target = place.resolve(path, READ, "read", question)

    async def perform(_: object) -> Answer:
        value = answer(await place.workspace.stat(target))
        return Answer(value, value if isinstance(value, bool | int) else None)

    title = f"{question} {place.workspace.display(target)}"
    return Plan(READ, "read", title, perform, (Location(str(target)),))


async def exists(place: Place, path: PathLike) -> Plan:
    """`Path.exists`, `os.path.exists`."""
    return _look(place, path, "Look for", lambda found: found is not None)


async def is_file(place: Place, path: PathLike) -> Plan:
    """`Path.is_file`, `os.path.isfile`."""
    return _look(place, path, "Look for file", lambda found: found is not None and found.kind == "file")


async def is_dir(place: Place, path: PathLike) -> Plan:
    """`Path.is_dir`, `os.path.isdir`."""
    return _look(place, path, "Look for folder", lambda found: found is not None and found.kind == "directory")


async def is_symlink(place: Place, path: PathLike) -> Plan:
    """`Path.is_symlink`: never, for the workspace shows every path where it leads."""
    return _look(place, path, "Look for link", lambda _: False)


async def stat(place: Place, path: PathLike) -> Plan:
    """`Path.stat`, `os.stat`, `os.path.getsize`."""
    name = str(path)

    def answer(found: FileStat | None) -> StatResult:
        if found is None:
            raise FileNotFoundError(f"no such file or folder: {name}")
        if found.kind == "directory":
            return StatResult.dir_stat(found.mode, found.modified)
        return StatResult.file_stat(found.size, found.mode, found.modified)

    return _look(place, path, "Look at", answer)


async def iterdir(place: Place, path: PathLike) -> Plan:
    """`Path.iterdir`, `os.listdir`."""
    target = place.resolve(path, READ, "read", "List")
    shown = PurePosixPath(path)

    async def perform(_: object) -> Answer:
        names = await place.workspace.list_directory(target)
        return Answer([shown / name for name in names], names_summary(names))

    return _list_plan(place, target, perform, "")


async def scan(
    place: Place,
    path: PathLike,
    *,
    max_depth: int | None = None,
    follow_symlinks: bool = False,
    pattern: list[str] | None = None,
    case_sensitive: bool | None = None,
    recurse_symlinks: bool = False,
) -> Plan:
    """`Path.glob`, `Path.rglob`, `Path.walk`, `os.walk`, `os.scandir`. Monty does the matching itself.

    Folders that .gitignore hides are left out unless the pattern names them, as in every search of a workspace.
    """
    del follow_symlinks, case_sensitive, recurse_symlinks
    target = place.resolve(path, READ, "read", "List")

    async def perform(_: object) -> Answer:
        return await _scan(place, target, _scan_pattern(max_depth, pattern))

    return _list_plan(place, target, perform, f" ({'/'.join(pattern)})" if pattern else "")


def _scan_pattern(max_depth: int | None, pattern: list[str] | None) -> str:
    if pattern and ".." not in pattern:
        return "/".join(pattern)
    return "*" if max_depth == 1 else "**/*"


async def _scan(place: Place, target: Path, pattern: str) -> Answer:
    if await place.workspace.stat(target) is None:
        raise FileNotFoundError(f"no such file or folder: {place.workspace.display(target)}")
    found = await place.workspace.glob(pattern, target)
    folders = {parent for path in found for parent in path.relative_to(target).parents}
    entries = {str(folder): ScanEntry(str(folder), True, False, False) for folder in folders}
    for path in found:
        known = await place.workspace.stat(path)
        if known is not None:
            name = path.relative_to(target).as_posix()
            entries[name] = ScanEntry(name, known.kind == "directory", known.kind == "file", False)
    entries.pop(".", None)
    value = [ScanEntry("", True, False, False), *(entries[name] for name in sorted(entries))]
    return Answer(value, names_summary(sorted(entries)))


def _list_plan(place: Place, target: Path, perform: Callable[..., Awaitable[Answer]], part: str) -> Plan:
    title = f"List {place.workspace.display(target)}{part}"
    return Plan(READ, "read", title, perform, (Location(str(target)),))


async def glob(
    place: Place,
    pathname: PathLike,
    *,
    root_dir: PathLike | None = None,
    dir_fd: None = None,
    recursive: bool = False,
    include_hidden: bool = False,
) -> Plan:
    """`glob.glob`, `glob.iglob`. `**` crosses folders also without `recursive=True`: that is what was meant."""
    del dir_fd, recursive, include_hidden
    pattern = str(pathname)
    base = place.resolve(root_dir if root_dir is not None else ".", READ, "search", "Find files in")

    async def perform(_: object) -> Answer:
        found = await place.workspace.glob(pattern, base)
        absolute = pattern.startswith("/")
        names = [str(path) if absolute else _relative(path, base) for path in found]
        if pattern.startswith("./"):
            names = [f"./{name}" for name in names]
        missed = "" if names or absolute else await nothing_matches(place.workspace, pattern, base)
        return Answer(names, names_summary(names), missed=missed)

    return Plan(READ, "search", f"Find {pattern}", perform, (Location(str(base)),))


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
