"""Local commands: each in a session of its own, so that the whole process group can be ended, however it behaves."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.abc

from punie_acp.workspace.base import CommandProgress, CommandResult
from punie_acp.workspace.crowds import wait_for_crowd
from punie_acp.workspace.environment import command_environment
from punie_acp.workspace.guard import guard
from punie_acp.workspace.output import KeptOutput, Reporter
from punie_acp.workspace.strays import VARIABLE, Mark, SilentPipe, descendants, end_strays

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from pathlib import Path

    import psutil

    from punie_acp.workspace.outputs import Outputs

GRACE_SECONDS = 0.5
"""Between SIGTERM and SIGKILL."""
MAX_PROCESSES = 500
"""Of one command. A parallel build or test run on a large machine has some hundred."""
_LATE_OUTPUT_SECONDS = 0.2  # how long pipes that a background process holds open are still read
_FIXED = {
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "TERM": "dumb",
    "GIT_TERMINAL_PROMPT": "0",
    "PYTHONUNBUFFERED": "1",  # a Python child's output is seen while it runs
}
_COLOUR_FORCING = {"FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "COLORTERM"}


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. A string goes through `/bin/sh`; a sequence is a program and its arguments."""

    line: str | Sequence[str]
    cwd: Path
    timeout: float  # seconds
    env: Mapping[str, str]  # all of it
    stdin: str | None = None  # None: closed
    outputs: Outputs | None = None  # where long ones are kept whole
    processes: int = MAX_PROCESSES  # more at a time end it


def environment(
    extra: Mapping[str, str] | None, inherited: Mapping[str, str] | None = None, allowed: Collection[str] = ()
) -> dict[str, str]:
    """The variables of a command: inherited without secrets, our own, pagers, prompts and colours, then `extra`.

    `allowed` names those that may pass although they look like secrets.
    """
    inherited = command_environment(os.environ if inherited is None else inherited, allowed)
    kept = {name: value for name, value in inherited.items() if name not in _COLOUR_FORCING}
    return kept | _FIXED | dict(extra or {})


async def run(command: Command, on_progress: Callable[[CommandProgress], Awaitable[None]]) -> CommandResult:
    """Run to the end, to the time limit, or until cancelled; nothing of the process group is left in any case.

    Where a limit or the caller ended it, nothing is left of what has gone out of the group either.

    Raises `FileNotFoundError` or `PermissionError` where the program of a sequence cannot be started; a shell answers
    with exit codes 127 and 126 instead.
    """
    async with guard() as watching:
        with SilentPipe() as silent:
            mark = Mark()
            process = await _start(command, mark, silent)
            running = _Running(process, command, mark.of(process.pid, silent))
            try:
                await watching.watch_over(process.pid)
                return await running.watch(on_progress)
            finally:
                await running.end()


async def _start(command: Command, mark: Mark, silent: SilentPipe) -> anyio.abc.Process:
    # Shielded: asyncio, cancelled between the start and its answer, kills the leader alone and forgets its children.
    process: anyio.abc.Process | None = None
    with anyio.CancelScope(shield=True):
        process = await anyio.open_process(
            command.line if isinstance(command.line, str) else list(command.line),
            stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=command.cwd,
            env={**command.env, VARIABLE: mark.value},
            start_new_session=True,
            pass_fds=silent.given,
        )
    assert process is not None
    return process


class _Running:
    """A started process with its two streams."""

    def __init__(self, process: anyio.abc.Process, command: Command, mark: Mark) -> None:
        self._process = process
        self._mark = mark
        self._command = command
        files = [command.outputs.new(name) if command.outputs else None for name in ("stdout", "stderr")]
        self._stdout, self._stderr = (KeptOutput(file=file) for file in files)
        self._timed_out = False
        self._crowded = False
        self._started: list[psutil.Process] = []  # by the command, where it is ended

    async def end(self) -> None:
        """Whatever has happened: nothing goes on, but for what it has put into the background for good by itself."""
        stopped = self._timed_out or self._crowded or self._process.returncode is None
        if self._process.returncode is None:
            self._started = descendants(self._process.pid)
        await _end(self._process)
        if stopped:
            await end_strays(self._mark, self._process.pid, self._started)

    async def watch(self, on_progress: Callable[[CommandProgress], Awaitable[None]]) -> CommandResult:
        reporter = Reporter(on_progress)
        failure: list[Exception] = []
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._report, reporter, failure, tasks.cancel_scope)
                await self._read_until_end(reporter)
                reporter.close()
        finally:
            self._stdout.close()
            self._stderr.close()
        if failure:
            raise failure[0]
        return self._result()

    async def _report(self, reporter: Reporter, failure: list[Exception], scope: anyio.CancelScope) -> None:
        # Carried out by hand, so that the caller gets its own exception and not a group of one.
        try:
            await reporter.run()
        except Exception as error:  # noqa: BLE001 - raised again by watch
            failure.append(error)
            scope.cancel()

    async def _read_until_end(self, reporter: Reporter) -> None:
        """Read the streams until their end, or until shortly after the process has ended."""
        async with anyio.create_task_group() as reading:
            pipes = ((self._process.stdout, self._stdout), (self._process.stderr, self._stderr))
            done = [anyio.Event() for _ in pipes]
            for (pipe, kept), event in zip(pipes, done, strict=True):
                assert pipe is not None
                reading.start_soon(_drain, pipe, kept, reporter, event)
            if self._command.stdin is not None:
                reading.start_soon(_feed, self._process, self._command.stdin)
            self._timed_out = await self._wait()
            reporter.hurry()
            with anyio.move_on_after(_LATE_OUTPUT_SECONDS):
                for event in done:
                    await event.wait()
            reading.cancel_scope.cancel()
        for kept in (self._stdout, self._stderr):
            reporter.add(kept.add(b"", last=True))

    async def _wait(self) -> bool:
        """Wait for the process, at most the time it has; then end its group. Whether the time was up."""
        with anyio.move_on_after(self._command.timeout):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._end_crowd)
                await self._process.wait()
                tasks.cancel_scope.cancel()
            return False
        self._started = descendants(self._process.pid)
        await _end(self._process, close=False)
        return True

    async def _end_crowd(self) -> None:
        """End a command that starts processes without end, at once: asked to stop, it would go on meanwhile."""
        await wait_for_crowd(self._process.pid, self._command.processes, self._mark)
        self._crowded = True
        self._started = descendants(self._process.pid)
        _signal_group(self._process.pid, signal.SIGKILL)

    def _result(self) -> CommandResult:
        code = self._process.returncode
        killed = code is None or code < 0
        return CommandResult(
            exit_code=None if killed else code,
            signal=signal_name(-code) if code is not None and killed else None,
            stdout=self._stdout.text(),
            stderr=self._stderr.text(),
            timed_out=self._timed_out,
            truncated=self._stdout.truncated or self._stderr.truncated,
            crowded=self._crowded,
        )


def signal_name(number: int) -> str:
    """`SIGKILL` for 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


async def _drain(pipe: anyio.abc.ByteReceiveStream, kept: KeptOutput, reporter: Reporter, done: anyio.Event) -> None:
    with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
        async for data in pipe:
            reporter.add(kept.add(data))
            await reporter.room()
    done.set()


async def _feed(process: anyio.abc.Process, text: str) -> None:
    assert process.stdin is not None
    # A command may well end without reading all of its input.
    with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError):
        await process.stdin.send(text.encode("utf-8", errors="surrogateescape"))
    with suppress(OSError, anyio.BrokenResourceError):
        await process.stdin.aclose()


async def _end(process: anyio.abc.Process, *, close: bool = True) -> None:
    """End the process group: SIGTERM where its leader still runs, SIGKILL after the grace, and collect the leader.

    With `close` its pipes are closed too; without, what is left in them can still be read.
    """
    with anyio.CancelScope(shield=True):
        if process.returncode is None and _signal_group(process.pid, signal.SIGTERM):
            with anyio.move_on_after(GRACE_SECONDS):
                await process.wait()
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
        if close:
            with suppress(OSError, anyio.BrokenResourceError):
                await process.aclose()


def _signal_group(group: int, number: signal.Signals) -> bool:
    """Whether there was still a process in the group. Its number is not given away while one of its members lives."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return False
    return True
