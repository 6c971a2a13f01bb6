"""Ordinary Python as external calls: `open`, `pathlib`, `os`, `glob`, `shutil`, `subprocess`.

`pathlib` and `os` are Monty's own and pause with an OS function (`Path.read_text`); the rest are host functions that
the prelude (`prelude/*.monty`) puts where programs look for them (`subprocess.run`). Either way a planner here turns
the call into a `Plan`, like those of `functions.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pydantic_monty import ScanEntry, StatResult

from punie_acp.codemode.calls import Answer, Plan, PlanError
from punie_acp.codemode.events import CallType, Location, ToolKind
from punie_acp.codemode.functions import (
    PathLike,
    Place,
    command_plan,
    exit_code,
    names_summary,
    read_plan,
    stderr_with_notes,
    text_summary,
    write_plan,
)
from punie_acp.workspace.base import NotTextError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from punie_acp.workspace.base import CommandResult, FileStat

READ, WRITE = CallType.READ, CallType.WRITE


# Looking at paths.


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
        return Answer(names, names_summary(names))

    return Plan(READ, "search", f"Find {pattern}", perform, (Location(str(base)),))


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


# Reading and writing.


async def read_text(place: Place, path: PathLike) -> Plan:
    """`Path.read_text`, `open(…).read()`."""
    target = place.resolve(path, READ, "read", "Read")

    async def perform(_: object) -> Answer:
        text = await place.workspace.read_text(target)
        return Answer(text, text_summary(text))

    return read_plan(place, target, perform)


async def read_bytes(place: Place, path: PathLike) -> Plan:
    """`Path.read_bytes`, `open(…, "rb").read()`."""
    target = place.resolve(path, READ, "read", "Read")

    async def perform(_: object) -> Answer:
        data = await place.workspace.read_bytes(target)
        return Answer(data, {"bytes": len(data)})

    return read_plan(place, target, perform)


async def write_text(place: Place, path: PathLike, data: str) -> Plan:
    """`Path.write_text`, and what `open(…, "w")` writes when it closes."""
    target = place.resolve(path, WRITE, "edit", "Write")
    return await write_plan(place, target, data, len(data))


async def append_text(place: Place, path: PathLike, data: str) -> Plan:
    """What `open(…, "a")` writes when it closes."""
    target = place.resolve(path, WRITE, "edit", "Append to")
    return await write_plan(place, target, data, len(data), append=True)


async def write_bytes(place: Place, path: PathLike, data: bytes) -> Plan:
    """`Path.write_bytes`, and what `open(…, "wb")` writes when it closes. Shown as a diff where it is text."""
    return await _write_bytes(place, path, data, append=False)


async def append_bytes(place: Place, path: PathLike, data: bytes) -> Plan:
    """What `open(…, "ab")` writes when it closes."""
    return await _write_bytes(place, path, data, append=True)


async def _write_bytes(place: Place, path: PathLike, data: bytes, *, append: bool) -> Plan:
    target = place.resolve(path, WRITE, "edit", "Write")
    known = await place.workspace.stat(target)
    before = await place.workspace.read_bytes(target) if append and known is not None else b""
    title = f"{'Write' if known else 'Create'} {place.workspace.display(target)} ({len(data)} bytes)"

    async def perform(_: object) -> Answer:
        await place.workspace.write_bytes(target, before + data)
        return Answer(len(data), {"bytes": len(before) + len(data)})

    return Plan(WRITE, "edit", title, perform, (Location(str(target)),))


# Making, moving and removing.


def _change(
    place: Place, kind: ToolKind, title: str, paths: Sequence[Path], act: Callable[[], Awaitable[object]]
) -> Plan:
    async def perform(_: object) -> Answer:
        return Answer(await act())

    return Plan(WRITE, kind, title, perform, tuple(Location(str(path)) for path in paths))


async def mkdir(place: Place, path: PathLike, parents: bool = False, exist_ok: bool = False) -> Plan:
    """`Path.mkdir`, `os.mkdir`, `os.makedirs`."""
    target = place.resolve(path, WRITE, "edit", "Make folder")
    title = f"Make folder {place.workspace.display(target)}"
    act = lambda: place.workspace.make_directory(target, parents=parents, exist_ok=exist_ok)  # noqa: E731
    return _change(place, "edit", title, [target], act)


async def unlink(place: Place, path: PathLike) -> Plan:
    """`Path.unlink`, `os.remove`."""
    return _delete(place, path, "Delete")


async def rmdir(place: Place, path: PathLike) -> Plan:
    """`Path.rmdir`, `os.rmdir`: an empty folder."""
    return _delete(place, path, "Delete folder")


def _delete(place: Place, path: PathLike, verb: str) -> Plan:
    target = place.resolve(path, WRITE, "delete", verb, follow=False)
    title = f"{verb} {place.workspace.display(target)}"
    return _change(place, "delete", title, [target], lambda: place.workspace.delete(target))


async def rename(place: Place, path: PathLike, target: PathLike) -> Plan:
    """`Path.rename`, `Path.replace`, `os.rename`, `os.replace`. Gives the new path, as pathlib does."""
    source = place.resolve(path, WRITE, "move", "Move", follow=False)
    goal = place.resolve(target, WRITE, "move", "Move to")

    async def act() -> PurePosixPath:
        await place.workspace.rename(source, goal)
        return PurePosixPath(str(target))

    title = f"Move {place.workspace.display(source)} to {place.workspace.display(goal)}"
    return _change(place, "move", title, [source, goal], act)


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
    return _with_value(plan, goal)


async def copytree(place: Place, src: PathLike, dst: PathLike, dirs_exist_ok: bool = False) -> Plan:
    """`shutil.copytree`: every file below `src` that .gitignore does not hide."""
    source = place.resolve(src, READ, "read", "Copy")
    goal = place.resolve(dst, WRITE, "edit", "Copy to")

    async def act() -> str:
        if not dirs_exist_ok and await place.workspace.stat(goal) is not None:
            raise FileExistsError(f"{place.workspace.display(goal)} exists already")
        for path in await place.workspace.glob("**/*", source):
            known = await place.workspace.stat(path)
            if known is not None and known.kind == "file":
                data = await place.workspace.read_bytes(path)
                await place.workspace.write_bytes(goal / path.relative_to(source), data)
        return str(dst)

    title = f"Copy folder {place.workspace.display(source)} to {place.workspace.display(goal)}"
    return _change(place, "edit", title, [source, goal], act)


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
    return _change(place, "delete", title, [target], act)


async def _delete_below(place: Place, folder: Path) -> None:
    for name in await place.workspace.list_directory(folder):
        path = folder / name
        known = await place.workspace.stat(path)
        if known is not None and known.kind == "directory" and not path.is_symlink():
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

    return replace(plan, perform=perform)


# Commands.


class CompletedProcess(NamedTuple):
    """What `subprocess.run` returns."""

    args: object
    returncode: int
    stdout: str | bytes | None
    stderr: str | bytes | None


async def subprocess_run(  # noqa: PLR0913 - as Python's subprocess.run
    place: Place,
    args: str | Sequence[str],
    *,
    input: str | bytes | None = None,  # noqa: A002
    capture_output: bool = False,
    check: bool = False,
    cwd: PathLike | None = None,
    timeout: float | None = None,
    text: bool | None = None,
    universal_newlines: bool | None = None,
    encoding: str | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    **ignored: object,
) -> Plan:
    """`subprocess.run`. What is not captured is printed by the program. A string goes through the shell."""
    del ignored
    as_text = bool(text or universal_newlines or encoding)
    captured = capture_output or stdout is not None
    typed = input.decode("utf-8", "replace") if isinstance(input, bytes) else input

    def answer(result: CommandResult) -> object:
        code, out, err = exit_code(result), result.stdout, stderr_with_notes(result)
        if result.timed_out and timeout is not None:
            raise TimeoutError(f"Command {args!r} timed out after {timeout} seconds")
        if check and code != 0:
            raise RuntimeError(f"Command {args!r} returned non-zero exit status {code}.\n{(err or out)[-2000:]}")
        if stderr == -2:  # subprocess.STDOUT
            out, err = out + err, ""
        shown = [part if as_text else part.encode() for part in (out, err)]
        if not captured:
            return CompletedProcess(args, code, None, None)
        return CompletedProcess(args, code, shown[0], shown[1] if capture_output or stderr == -1 else None)

    plan = await command_plan(place, args, cwd, timeout, answer, typed)
    return plan if captured else _printing(plan)


def _printing(plan: Plan) -> Plan:
    """The same, with the output printed by the program, as where a child inherits its standard output."""

    async def perform(report: Callable[..., Awaitable[None]]) -> Answer:
        done = await plan.perform(report)
        output = done.raw_output if isinstance(done.raw_output, dict) else {}
        return replace(done, printed=f"{output.get('stdout', '')}{output.get('stderr', '')}")

    return replace(plan, perform=perform)


CompletedProcess.__module__ = "__main__"  # as for `functions.Match`


async def check_output(place: Place, args: str | Sequence[str], **options: object) -> Plan:
    """`subprocess.check_output`: what the command wrote."""
    return await _subprocess(place, args, lambda done: done.stdout, {"stdout": -1, **options, "check": True})


async def check_call(place: Place, args: str | Sequence[str], **options: object) -> Plan:
    """`subprocess.check_call`."""
    return await _subprocess(place, args, lambda done: done.returncode, {**options, "check": True})


async def call(place: Place, args: str | Sequence[str], **options: object) -> Plan:
    """`subprocess.call`, `os.system`: the exit code."""
    return await _subprocess(place, args, lambda done: done.returncode, options)


async def getoutput(place: Place, cmd: str) -> Plan:
    """`subprocess.getoutput`."""
    return await _subprocess(place, cmd, lambda done: str(done.stdout).rstrip("\n"), _MERGED)


async def getstatusoutput(place: Place, cmd: str) -> Plan:
    """`subprocess.getstatusoutput`."""
    return await _subprocess(place, cmd, lambda done: (done.returncode, str(done.stdout).rstrip("\n")), _MERGED)


_MERGED: dict[str, object] = {"stdout": -1, "stderr": -2, "text": True}


async def _subprocess(
    place: Place, args: str | Sequence[str], part: Callable[[CompletedProcess], object], options: Mapping[str, object]
) -> Plan:
    plan = await subprocess_run(place, args, **cast("dict[str, Any]", options))

    async def perform(report: Callable[..., Awaitable[None]]) -> Answer:
        done = await plan.perform(report)
        return replace(done, value=part(cast("CompletedProcess", done.value)))

    return replace(plan, perform=perform)


OS_FUNCTIONS: dict[str, Callable[..., Awaitable[Plan]]] = {
    "Path.exists": exists,
    "Path.is_file": is_file,
    "Path.is_dir": is_dir,
    "Path.is_symlink": is_symlink,
    "Path.stat": stat,
    "Path.iterdir": iterdir,
    "Path.scan": scan,
    "Path.read_text": read_text,
    "Path.read_bytes": read_bytes,
    "Path.write_text": write_text,
    "Path.write_bytes": write_bytes,
    "Path.append_text": append_text,
    "Path.append_bytes": append_bytes,
    "Path.mkdir": mkdir,
    "Path.unlink": unlink,
    "Path.rmdir": rmdir,
    "Path.rename": rename,
}
"""What Monty's own `pathlib`, `os` and `os.path` pause with."""

HOST_FUNCTIONS: dict[str, Callable[..., Awaitable[Plan]]] = {
    "open.read_text": read_text,
    "open.read_bytes": read_bytes,
    "open.write_text": write_text,
    "open.write_bytes": write_bytes,
    "open.append_text": append_text,
    "open.append_bytes": append_bytes,
    "open.exists": exists,
    "glob.glob": glob,
    "shutil.copy": copy,
    "shutil.copytree": copytree,
    "shutil.move": move,
    "shutil.rmtree": rmtree,
    "subprocess.run": subprocess_run,
    "subprocess.check_output": check_output,
    "subprocess.check_call": check_call,
    "subprocess.call": call,
    "subprocess.getoutput": getoutput,
    "subprocess.getstatusoutput": getstatusoutput,
    "os.system": call,
}
"""What the prelude calls, or gives to programs under this very name."""
