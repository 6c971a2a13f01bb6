"""What plans of external calls have in common: a read, a write, a command, and how they are told of in the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.codemode.calls import Answer, Plan, PlanError
from punie_acp.codemode.events import CallType, Change, JsonValue, Location

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from punie_acp.codemode.calls import Perform
    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.workspace.base import CommandProgress, CommandResult


def read_plan(
    place: Place,
    target: Path,
    perform: Perform,
    *,
    part: str = "",
    line: int | None = None,
) -> Plan:
    """A plan to read `target`."""
    shown = place.workspace.display(target)
    secret = place.workspace.sensitivity(target)
    location = Location(str(target), line)
    whole = "" if part else shown
    return Plan(CallType.READ, "read", f"Read {shown}{part}", perform, (location,), sensitive=secret, file=whole)


async def write_plan(place: Place, target: Path, content: str, value: object = None, *, append: bool = False) -> Plan:
    """A plan to replace `target` by `content`, or to add it at the end; the program gets `value`."""
    shown = place.workspace.display(target)
    try:
        before = await place.text_before(target)
    except OSError as error:
        raise PlanError(error, CallType.WRITE, "edit", f"Write {shown}") from error
    after = (before or "") + content if append else content
    verb = "Create" if before is None else "Append to" if append else "Write"

    async def perform(_: object) -> Answer:
        await place.workspace.write_text(target, after)
        return Answer(value, text_summary(after))

    change = Change(str(target), before, after)
    places = (Location(str(target)),)
    return Plan(CallType.WRITE, "edit", f"{verb} {shown}", perform, places, (change,), value=value)


def change_plan(place: Place, target: Path, before: str, after: str, title: str, line: int) -> Plan:
    """A plan to make `after` of `before`, the text of `target`; the change begins on `line`."""

    async def perform(_: object) -> Answer:
        if await place.workspace.read_text(target) != before:
            raise ValueError(f"{place.workspace.display(target)} changed while this edit waited; read it again")
        await place.workspace.write_text(target, after)
        return Answer(None, {"line": line})

    change = Change(str(target), before, after)
    return Plan(CallType.WRITE, "edit", title, perform, (Location(str(target), line),), (change,))


RUN = "Run "
"""How the title of a command begins."""


async def command_plan(
    place: Place,
    command: str | Sequence[str],
    cwd: PathLike | None,
    timeout: float | None,
    answer: Callable[[CommandResult], object],
    stdin: str | None = None,
) -> Plan:
    """A plan to run `command`; `answer` makes the program's value of how it ended."""
    line = command_line(command)
    folder = place.folder(cwd)
    seconds = place.command_seconds if timeout is None else min(float(timeout), place.command_seconds)

    async def perform(report: Callable[[CommandProgress], Awaitable[None]]) -> Answer:
        result = await place.workspace.run_command(
            command if isinstance(command, str) else [str(part) for part in command],
            cwd=folder,
            timeout=seconds,
            stdin=stdin,
            on_progress=report,
        )
        return Answer(answer(result), command_summary(result))

    title = f"{RUN}{line if len(line) <= 80 else line[:79] + '…'}"
    return Plan(CallType.SHELL, "execute", title, perform, command=line, cwd=str(folder))


def command_line(command: str | Sequence[object]) -> str:
    """The command as one would type it. Raises `TypeError` for what is neither text nor a list of text."""
    import shlex

    if isinstance(command, str):
        return command
    require(command, (list, tuple), "a command")
    return shlex.join(str(part) for part in command)


def exit_code(result: CommandResult) -> int:
    """The exit code; 124 after the time was up and 128 + n after signal n, as a shell reports them."""
    import signal

    if result.timed_out:
        return 124
    if result.exit_code is not None:
        return result.exit_code
    try:
        return 128 + signal.Signals[result.signal or ""].value
    except KeyError:
        return 128


def stderr_with_notes(result: CommandResult) -> str:
    """Standard error, with a line that says so where the time was up or output was dropped."""
    notes = "".join(
        note
        for note, applies in (
            ("[the time was up; the command was stopped]\n", result.timed_out),
            ("[the output was too long and was cut]\n", result.truncated),
            ("[it started processes without end; the command was stopped]\n", result.crowded),
        )
        if applies
    )
    return result.stderr + notes


def command_summary(result: CommandResult) -> JsonValue:
    """A command's result for the record."""
    return {
        "exit_code": result.exit_code,
        "signal": result.signal,
        "stdout": result.stdout[-20_000:],
        "stderr": result.stderr[-20_000:],
        "timed_out": result.timed_out,
    }


def text_summary(text: str) -> JsonValue:
    """How much text it was: the text itself is in the file."""
    return {"lines": len(text.splitlines()), "characters": len(text)}


def names_summary(names: list[str]) -> JsonValue:
    """A list of names for the record, its beginning at least."""
    shown: list[JsonValue] = [*names[:100]]
    return {"count": len(names), "names": shown}


def require(value: object, kind: type | tuple[type, ...], what: str) -> None:
    """Raises `TypeError` where a program gave something else than `kind`."""
    if not isinstance(value, kind):
        raise TypeError(f"{what} is text, not {type(value).__name__}")
