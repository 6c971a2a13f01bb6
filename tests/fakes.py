"""Fakes for the seams of the package."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.lowlevel

from punie_acp.inference.repetition import repeats_itself
from punie_acp.inference.types import GenerationFinished, GenerationRequest, ModelInfo, PrefillProgress, TokenEvent

if TYPE_CHECKING:
    from punie_acp.inference.chat import Chat


@dataclass
class ScriptedEngine:
    """An `Engine` that answers each request with the next text of `answers`, token by token.

    It remembers the tokens of each session as the real one's KV cache does. Every fifth token is the least certain of
    its time, with a log probability of -4. `unread` counts the tokens that nobody
    asked for because the request was left early.
    """

    chat: Chat
    answers: list[str]
    requests: list[GenerationRequest] = field(default_factory=list)
    unread: int = 0
    info: ModelInfo | None = None
    _cached: dict[str | None, tuple[int, ...]] = field(default_factory=dict)

    async def load(self) -> ModelInfo:
        self.info = ModelInfo(Path("scripted"), "cpu", 4096, self.chat.stop_tokens, 512, 0, 0.0, "none", None)
        return self.info

    @asynccontextmanager
    async def generate(self, request: GenerationRequest):
        await self.load()
        self.requests.append(request)
        tokens = self.chat.encode(self.answers[len(self.requests) - 1])
        told: list[int] = []
        try:
            yield self._events(request, tokens, told)
        finally:
            self.unread += len(tokens) - len(told)
            self._cached[request.cache_key] = (*request.tokens, *told)

    async def _events(self, request, tokens, told):
        cached = _common_prefix(request.tokens[:-1], self._cached.get(request.cache_key, ()))
        total = len(request.tokens)
        for done in (cached, total):
            yield PrefillProgress(done, total)
        for place, token in enumerate(tokens[: request.max_tokens]):
            await anyio.lowlevel.checkpoint()
            told.append(token)
            yield TokenEvent(token, -float(place % 5))
            if request.end_repetition and repeats_itself(told):
                reason = "repetition"
                break
        else:
            reason = "length" if len(tokens) > request.max_tokens else "stop"
        yield GenerationFinished(reason, total, cached, len(told), 0.25, 0.5)

    async def forget(self, cache_key: str) -> None:
        self._cached.pop(cache_key, None)

    async def close(self) -> None:
        self._cached.clear()


def _common_prefix(left, right) -> int:
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


@dataclass
class ClientError(Exception):
    """An error answer, as the JSON-RPC peer raises it."""

    code: int
    message: str
    data: object = None


class FakeClient:
    """An editor at the other end of `ClientCalls`: buffers over the disk, terminals that run real processes.

    `open` loads a file into a buffer, which from then on hides the disk; `type` leaves it unsaved. A write changes an
    open buffer and, where `saves`, the disk: plain UTF-8, as a careless editor does it. `errors` answers a method with
    an error, `silent` with nothing.
    """

    def __init__(self, *, saves: bool = True) -> None:
        self.saves = saves
        self.buffers: dict[str, str] = {}
        self.calls: list[tuple[str, dict]] = []
        self.errors: dict[str, Exception] = {}
        self.silent: set[str] = set()
        self.terminals: dict[str, _FakeTerminal] = {}
        self.create_seconds = 0.0

    capabilities = {"fs": {"readTextFile": True, "writeTextFile": True}, "terminal": True}  # noqa: RUF012

    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [method for method, _ in self.calls]

    def open(self, path: Path) -> None:
        self.buffers[str(path)] = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")

    def type(self, path: Path, text: str) -> None:
        self.buffers[str(path)] = text

    async def request(self, method: str, params: dict, /) -> object:
        self.calls.append((method, params))
        await anyio.lowlevel.checkpoint()
        if method in self.silent:
            await anyio.sleep_forever()
        if method in self.errors:
            raise self.errors[method]
        return await getattr(self, "_" + method.replace("/", "_"))(**params)

    async def _fs_read_text_file(self, sessionId: str, path: str) -> dict:  # noqa: N803
        if path not in self.buffers:
            return {"content": self._saved_text(Path(path))}
        return {"content": self.buffers[path]}

    def _saved_text(self, path: Path) -> str:
        try:
            return path.read_bytes().decode("utf-8")
        except FileNotFoundError:
            raise ClientError(-32002, "Resource not found") from None

    async def _fs_write_text_file(self, sessionId: str, path: str, content: str) -> None:  # noqa: N803
        if path in self.buffers or not self.saves:
            self.buffers[path] = content
        if self.saves:
            self._save(Path(path), content)

    def _save(self, path: Path, content: str) -> None:
        replacement = path.with_name(path.name + ".editor")
        replacement.write_text(content, encoding="utf-8", newline="")
        replacement.rename(path)

    async def _terminal_create(self, **params: object) -> dict:
        await anyio.sleep(self.create_seconds)
        terminal_id = f"term-{len(self.terminals) + 1}"
        self.terminals[terminal_id] = _FakeTerminal(params)
        return {"terminalId": terminal_id}

    async def _terminal_output(self, sessionId: str, terminalId: str) -> dict:  # noqa: N803
        return self._open_terminal(terminalId).output()

    async def _terminal_wait_for_exit(self, sessionId: str, terminalId: str) -> dict:  # noqa: N803
        terminal = self._open_terminal(terminalId)
        while terminal.exit_status() is None:  # noqa: ASYNC110 - a process has no anyio event
            await anyio.sleep(0.005)
        return terminal.exit_status()

    async def _terminal_kill(self, sessionId: str, terminalId: str) -> dict:  # noqa: N803
        self._open_terminal(terminalId).kill()
        return {}

    async def _terminal_release(self, sessionId: str, terminalId: str) -> dict:  # noqa: N803
        terminal = self._open_terminal(terminalId)
        terminal.kill()
        terminal.released = True
        return {}

    def _open_terminal(self, terminal_id: str) -> _FakeTerminal:
        terminal = self.terminals[terminal_id]
        if terminal.released:
            raise ClientError(-32002, f"terminal {terminal_id} not found")
        return terminal


class _FakeTerminal:
    """One process whose output goes into one file, as in a terminal: lines end with a carriage return too."""

    def __init__(self, params: dict) -> None:
        self.released = False
        self._limit = params["outputByteLimit"]
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the terminal
        try:
            self.process = subprocess.Popen(
                [params["command"], *params["args"]],
                cwd=params["cwd"],
                env=os.environ | {item["name"]: item["value"] for item in params["env"]},
                stdin=subprocess.DEVNULL,
                stdout=self._file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self._file.close()
            raise ClientError(-32603, str(error)) from error

    def output(self) -> dict:
        size = os.fstat(self._file.fileno()).st_size
        data = os.pread(self._file.fileno(), self._limit, max(0, size - self._limit))
        text = data.decode("utf-8", "replace").replace("\n", "\r\n")
        return {"output": text, "truncated": size > self._limit, "exitStatus": self.exit_status()}

    def exit_status(self) -> dict | None:
        code = self.process.poll()
        if code is None:
            return None
        return {"exitCode": code if code >= 0 else None, "signal": signal.Signals(-code).name if code < 0 else None}

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        self.kill()
        self._file.close()
