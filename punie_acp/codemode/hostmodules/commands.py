"""Commands: `subprocess`, `os.system`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from punie_acp.codemode.planning import command_plan, exit_code, stderr_with_notes
from punie_acp.workspace.text import normalise

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from punie_acp.codemode.calls import Answer, Plan
    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.workspace.base import CommandResult


class CompletedProcess(NamedTuple):
    """What `subprocess.run` returns."""

    args: object
    returncode: int
    stdout: str | bytes | None
    stderr: str | bytes | None


CompletedProcess.__module__ = "__main__"  # as for `functions.Match`


async def subprocess_run(  # noqa: PLR0913 - as Python's subprocess.run
    place: Place,
    args: str | Sequence[str],
    *,
    input: str | bytes | None = None,  # noqa: A002
    capture_output: bool = False,
    cwd: PathLike | None = None,
    timeout: float | None = None,
    text: bool | None = None,
    universal_newlines: bool | None = None,
    encoding: str | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    env: Mapping[str, str] | None = None,
    **ignored: object,
) -> Plan:
    """`subprocess.run`. What is not captured is printed by the program. A string goes through the shell.

    `env` holds only the variables that the program changed: they are set in the command line, where the user sees them.
    """
    del ignored
    as_text = bool(text or universal_newlines or encoding)
    captured = capture_output or stdout is not None
    typed = input.decode("utf-8", "replace") if isinstance(input, bytes) else input

    def answer(result: CommandResult) -> object:
        code, out, err = exit_code(result), result.stdout, stderr_with_notes(result)
        if result.timed_out and timeout is not None:
            raise TimeoutError(f"Command {args!r} timed out after {timeout} seconds")
        if stderr == -2:  # subprocess.STDOUT
            out, err = out + err, ""
        shown = [normalise(part) if as_text else part.encode() for part in (out, err)]
        if not captured:
            return CompletedProcess(args, code, None, None)
        return CompletedProcess(args, code, shown[0], shown[1] if capture_output or stderr == -1 else None)

    plan = await command_plan(place, _with_environment(args, env), cwd, timeout, answer, typed)
    return plan if captured else _printing(plan)


def _with_environment(args: str | Sequence[str], env: Mapping[str, str] | None) -> str | Sequence[str]:
    if not env:
        return args
    settings = [f"{name}={value}" for name, value in env.items()]
    if isinstance(args, str):
        return f"export {shlex.join(settings)}; {args}"
    return ["env", *settings, *args]


def _printing(plan: Plan) -> Plan:
    """The same, with the output printed by the program, as where a child inherits its standard output."""

    async def perform(report: Callable[..., Awaitable[None]]) -> Answer:
        done = await plan.perform(report)
        output = done.raw_output if isinstance(done.raw_output, dict) else {}
        return replace(done, printed=f"{output.get('stdout', '')}{output.get('stderr', '')}")

    return replace(plan, perform=perform)


async def system(place: Place, command: str) -> Plan:
    """`os.system`: the exit status as `wait` gives it, the code in its second byte."""
    return await _subprocess(place, command, lambda done: done.returncode << 8, {})


async def getoutput(place: Place, cmd: str) -> Plan:
    """`subprocess.getoutput`."""
    return await _subprocess(place, cmd, lambda done: str(done.stdout).rstrip("\n"), _MERGED)


async def getstatusoutput(place: Place, cmd: str) -> Plan:
    """`subprocess.getstatusoutput`."""
    return await _subprocess(place, cmd, lambda done: (done.returncode, str(done.stdout).rstrip("\n")), _MERGED)


async def _subprocess(
    place: Place, args: str | Sequence[str], part: Callable[[CompletedProcess], object], options: Mapping[str, object]
) -> Plan:
    plan = await subprocess_run(place, args, **cast("dict[str, Any]", options))

    async def perform(report: Callable[..., Awaitable[None]]) -> Answer:
        done = await plan.perform(report)
        return replace(done, value=part(cast("CompletedProcess", done.value)))

    return replace(plan, perform=perform)


_MERGED: dict[str, object] = {"stdout": -1, "stderr": -2, "text": True}
