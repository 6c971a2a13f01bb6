"""One command in a terminal of the editor: created, shown, waited for, and in every case killed and released."""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from punie_acp.workspace.base import CommandProgress, CommandResult
from punie_acp.workspace.client import JSON, client_errors, text_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from punie_acp.workspace.client import ClientCalls

OUTPUT_BYTES = 1024 * 1024
"""How much output the editor is asked to keep; it drops the beginning of more."""
_CLEANUP_SECONDS = 1.0  # how long kill and release may take together, whatever the editor does
_ANSWER_SECONDS = 10.0  # how long the editor may take to hand over the output of a command that has ended
_ENVIRONMENT = {"PAGER": "cat", "GIT_PAGER": "cat", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True, slots=True)
class _Exit:
    code: int | None
    signal: str | None


class ClientTerminals:
    """The terminals of one session in the editor (ACP v1, `terminal/*`)."""

    def __init__(self, client: ClientCalls, session_id: str) -> None:
        self._client = client
        self._session_id = session_id

    async def run(
        self,
        command: str | Sequence[str],
        *,
        cwd: Path,
        timeout: float,
        env: Mapping[str, str] | None,
        on_progress: Callable[[CommandProgress], Awaitable[None]],
    ) -> CommandResult:
        """Run a command to its end or for `timeout` seconds. Raises `OSError` where the editor does not play along."""
        terminal = await self._create(_create_params(command, cwd, env))
        kill = True
        try:
            await on_progress(CommandProgress(terminal_id=terminal))
            result = await self._watch(terminal, timeout)
            kill = False
        finally:
            await self._end(terminal, kill=kill)
        return result

    async def _create(self, params: dict[str, JSON]) -> str:
        """The new terminal's id. A cancelled caller still waits a moment for it: nobody else could release it."""
        created = _Creation(self, params)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(created.run)
                try:
                    await created.done.wait()
                except anyio.get_cancelled_exc_class():
                    created.hurry()
                    raise
        except BaseException:
            if created.terminal is not None:
                await self._end(created.terminal, kill=True)
            raise
        if created.terminal is None:
            raise created.error or OSError(errno.EPROTO, "the editor created no terminal")
        return created.terminal

    async def _watch(self, terminal: str, timeout: float) -> CommandResult:
        ended: _Exit | None = None
        with anyio.move_on_after(timeout) as limit:
            ended = _exit_of(await self.call("terminal/wait_for_exit", terminal))
        if limit.cancelled_caught:
            ended = await self._kill_and_wait(terminal)
        with anyio.move_on_after(_CLEANUP_SECONDS if limit.cancelled_caught else _ANSWER_SECONDS):
            return _result(await self.call("terminal/output", terminal), ended, timed_out=limit.cancelled_caught)
        return _result({"output": "", "truncated": True}, ended, timed_out=limit.cancelled_caught)

    async def _kill_and_wait(self, terminal: str) -> _Exit | None:
        with anyio.move_on_after(_CLEANUP_SECONDS):
            await self.call("terminal/kill", terminal)
            return _exit_of(await self.call("terminal/wait_for_exit", terminal))
        return None

    async def _end(self, terminal: str, *, kill: bool) -> None:
        """Release, and kill before: to release should be enough, but not every editor kills then.

        Neither waits for the other, so that an editor that does not answer to one still gets both.
        """
        methods = ("terminal/kill", "terminal/release") if kill else ("terminal/release",)
        with anyio.move_on_after(_CLEANUP_SECONDS, shield=True):
            async with anyio.create_task_group() as tasks:
                for method in methods:
                    tasks.start_soon(self._try, method, terminal)

    async def _try(self, method: str, terminal: str) -> None:
        with suppress(Exception):  # the command has its result; an editor that is gone has no terminals
            await self.call(method, terminal)

    async def call(self, method: str, terminal: str) -> JSON:
        """One request about `terminal`."""
        with client_errors(terminal):
            return await self._client.request(method, {"sessionId": self._session_id, "terminalId": terminal})

    async def create(self, params: dict[str, JSON]) -> str:
        """Ask for a terminal. Returns its id."""
        with client_errors(str(params["command"])):
            answer = await self._client.request("terminal/create", {"sessionId": self._session_id, **params})
        return text_of(answer, "terminalId", "terminal/create")


class _Creation:
    """The request for a terminal, which outlives its caller's cancellation by a moment."""

    def __init__(self, terminals: ClientTerminals, params: dict[str, JSON]) -> None:
        self._terminals = terminals
        self._params = params
        self._scope = anyio.CancelScope(shield=True)
        self.done = anyio.Event()
        self.terminal: str | None = None
        self.error: Exception | None = None

    async def run(self) -> None:
        """Fill in `terminal` or `error`."""
        with self._scope:
            try:
                self.terminal = await self._terminals.create(self._params)
            except Exception as error:  # noqa: BLE001 - raised again by the caller, not as a group
                self.error = error
        self.done.set()

    def hurry(self) -> None:
        """The caller was cancelled."""
        self._scope.deadline = anyio.current_time() + _CLEANUP_SECONDS


def _create_params(command: str | Sequence[str], cwd: Path, env: Mapping[str, str] | None) -> dict[str, JSON]:
    # `command` is a program and not a line for a shell, though some editors take it as one.
    program, *arguments = ("/bin/sh", "-c", command) if isinstance(command, str) else command
    variables: list[JSON] = [{"name": name, "value": value} for name, value in {**_ENVIRONMENT, **(env or {})}.items()]
    return {
        "command": program,
        "args": list[JSON](arguments),
        "cwd": str(cwd),
        "env": variables,
        "outputByteLimit": OUTPUT_BYTES,
    }


def _exit_of(answer: JSON) -> _Exit | None:
    if not isinstance(answer, dict):
        return None
    code, signal = answer.get("exitCode"), answer.get("signal")
    return _Exit(code if isinstance(code, int) else None, signal if isinstance(signal, str) else None)


def _result(answer: JSON, ended: _Exit | None, *, timed_out: bool) -> CommandResult:
    output = text_of(answer, "output", "terminal/output")
    assert isinstance(answer, dict)
    ended = ended or _exit_of(answer.get("exitStatus")) or _Exit(None, None)
    # A terminal ends lines with a carriage return as well.
    shown = output.replace("\r\n", "\n")
    return CommandResult(ended.code, ended.signal, shown, "", timed_out, answer.get("truncated") is True)
