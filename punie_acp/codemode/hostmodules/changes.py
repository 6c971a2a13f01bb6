"""Making, moving and removing: `os.makedirs`, `Path.rename`, `shutil`."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING

from punie_acp.codemode.calls import Answer, Plan, PlanError
from punie_acp.codemode.events import CallType, Location
from punie_acp.codemode.hostmodules.files import write_bytes, write_text
from punie_acp.workspace.base import NotTextError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from punie_acp.codemode.events import ToolKind
    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.workspace.base import FileStat

READ, WRITE = CallType.READ, CallType.WRITE


def _change(
    kind: ToolKind, title: str, paths: Sequence[Path], act: Callable[[], Awaitable[None]], value: object = None
) -> Plan:
    async def perform(_: object) -> Answer:
        await act()
        return Answer(value)

    return Plan(WRITE, kind, title, perform, tuple(Location(str(path)) for path in paths), value=value)


async def mkdir(place: Place, path: PathLike, parents: bool = False, exist_ok: bool = False) -> Plan:
    """`Path.mkdir`, `os.mkdir`, `os.makedirs`."""
    target = place.resolve(path, WRITE, "edit", "Make folder")
    title = f"Make folder {place.workspace.display(target)}"
    act = lambda: place.workspace.make_directory(target, parents=parents, exist_ok=exist_ok)  # noqa: E731
    return _change("edit", title, [target], act)


async def unlink(place: Place, path: PathLike) -> Plan:
    """`Path.unlink`, `os.remove`."""
    return _delete(place, path, "Delete", folder=False)


async def rmdir(place: Place, path: PathLike) -> Plan:
    """`Path.rmdir`, `os.rmdir`: an empty folder."""
    return _delete(place, path, "Delete folder", folder=True)


def _delete(place: Place, path: PathLike, verb: str, *, folder: bool) -> Plan:
    target = place.resolve(path, WRITE, "delete", verb, follow=False)

    async def act() -> None:
        known = await place.workspace.stat(target)
        if known is not None and folder != _is_folder(known, target):
            kind, number = (NotADirectoryError, errno.ENOTDIR) if folder else (IsADirectoryError, errno.EISDIR)
            raise kind(number, os.strerror(number), place.workspace.display(target))
        await place.workspace.delete(target)

    return _change("delete", f"{verb} {place.workspace.display(target)}", [target], act)


def _is_folder(known: FileStat, path: Path) -> bool:
    """Whether `path` is a folder itself, not a link to one."""
    return known.kind == "directory" and not path.is_symlink()


async def rename(place: Place, path: PathLike, target: PathLike) -> Plan:
    """`Path.rename`, `Path.replace`, `os.rename`, `os.replace`. Gives the new path, as pathlib does."""
    source = place.resolve(path, WRITE, "move", "Move", follow=False)
    goal = place.resolve(target, WRITE, "move", "Move to")

    async def act() -> None:
        await place.workspace.rename(source, goal)

    title = f"Move {place.workspace.display(source)} to {place.workspace.display(goal)}"
    plan = _change("move", title, [source, goal], act, PurePosixPath(str(target)))
    return replace(plan, sensitive=_laid_open(place, source, goal))


async def move(place: Place, src: PathLike, dst: PathLike) -> Plan:
    """`shutil.move`: into `dst` where that is a folder."""
    plan = await rename(place, src, await _into(place, src, dst))
    return _with_value(plan, str(dst))


async def copy(place: Place, src: PathLike, dst: PathLike, *, follow_symlinks: bool = True) -> Plan:
    """`shutil.copy`, `copy2`, `copyfile`: one file, shown as a diff where it is text."""
    del follow_symlinks
    goal = str(await _into(place, src, dst))
    source = place.resolve(src, READ, "read", "Copy")
    try:
        text = await place.workspace.read_text(source)
    except NotTextError:
        plan = await write_bytes(place, goal, await place.workspace.read_bytes(source))
    else:
        plan = await write_text(place, goal, text)
    target = place.resolve(goal, WRITE, "edit", "Copy to")
    return replace(_with_value(plan, goal), sensitive=_laid_open(place, source, target))


async def copytree(place: Place, src: PathLike, dst: PathLike, dirs_exist_ok: bool = False) -> Plan:
    """`shutil.copytree`: every file below `src` that .gitignore does not hide."""
    source = place.resolve(src, READ, "read", "Copy")
    goal = place.resolve(dst, WRITE, "edit", "Copy to")

    async def act() -> None:
        if not dirs_exist_ok and await place.workspace.stat(goal) is not None:
            raise FileExistsError(f"{place.workspace.display(goal)} exists already")
        for path in await place.workspace.glob("**/*", source):
            known = await place.workspace.stat(path)
            if known is not None and known.kind == "file":
                data = await place.workspace.read_bytes(path)
                await place.workspace.write_bytes(goal / path.relative_to(source), data)

    title = f"Copy folder {place.workspace.display(source)} to {place.workspace.display(goal)}"
    plan = _change("edit", title, [source, goal], act, str(dst))
    return replace(plan, sensitive=_laid_open(place, source, goal))


def _laid_open(place: Place, source: Path, goal: Path) -> str | None:
    """Why what goes from `source` to `goal` asks: where it is then, it could be read without a question."""
    return None if place.workspace.sensitivity(goal) else place.workspace.sensitivity(source)


async def rmtree(place: Place, path: PathLike, ignore_errors: bool = False) -> Plan:
    """`shutil.rmtree`: a folder with all that is in it."""
    target = place.resolve(path, WRITE, "delete", "Delete folder", follow=False)
    if target in place.workspace.roots:
        error = PermissionError("the workspace's own folder cannot be deleted")
        raise PlanError(error, WRITE, "delete", f"Delete folder {path}")

    async def act() -> None:
        if ignore_errors and await place.workspace.stat(target) is None:
            return
        await _delete_below(place, target)

    title = f"Delete folder {place.workspace.display(target)} and all that is in it"
    return _change("delete", title, [target], act)


async def _delete_below(place: Place, folder: Path) -> None:
    for name in await place.workspace.list_directory(folder):
        path = folder / name
        known = await place.workspace.stat(path)
        if known is not None and _is_folder(known, path):
            await _delete_below(place, path)
        else:
            await place.workspace.delete(path)
    await place.workspace.delete(folder)


async def _into(place: Place, src: PathLike, dst: PathLike) -> PurePath:
    known = await place.workspace.stat(place.resolve(dst, WRITE, "edit", "Write"))
    inside = known is not None and known.kind == "directory"
    return PurePath(str(dst)) / PurePath(str(src)).name if inside else PurePath(str(dst))


def _with_value(plan: Plan, value: object) -> Plan:
    async def perform(report: Callable[..., Awaitable[None]]) -> Answer:
        done = await plan.perform(report)
        return replace(done, value=value)

    return replace(plan, perform=perform, value=value)
