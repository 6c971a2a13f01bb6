"""Calls that run at once while their program waits for whichever of them ends first.

Reads run beside everything that they cannot notice. A write waits for every earlier call on its file, commands and
writes keep their order among each other, and people are asked one question at a time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from os.path import normpath, realpath
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.lowlevel

from punie_acp.codemode.events import CallType

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Container, Mapping
    from pathlib import Path

    from anyio.abc import TaskGroup
    from pydantic_monty import ExternalSettledResult

    from punie_acp.codemode.events import CallRequested, Decision, Event, Observer

    Serve = Callable[[], Awaitable[ExternalSettledResult]]

_OF_ONE_FILE: dict[str, Literal["read", "write"]] = {
    "read_file": "read",
    "write_file": "write",
    "edit_file": "write",
    "save_definition": "write",
}
_OF_ALL_FILES: dict[str, Literal["read", "write", "command"]] = {
    "list_files": "read",
    "search": "read",
    "run_command": "command",
    "apply_patch": "write",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """What a call touches: one file, or any (`path` is None)."""

    kind: Literal["read", "write", "command"]
    path: str | None = None

    def must_follow(self, earlier: Claim) -> bool:
        """Whether this call's result, or its effect, depends on `earlier` having ended."""
        kinds = {self.kind, earlier.kind}
        if "write" not in kinds:
            return False
        return "command" in kinds or self.path == earlier.path or None in {self.path, earlier.path}


def claim_of(root: Path, function: str, arguments: Mapping[str, object], further: Container[str] = ()) -> Claim:
    """What a call of `function` touches.

    One of the session's `further` functions, a tool that somebody else serves, is like a command; of any other that is
    not known here it is taken that it may write any file.
    """
    kind = _OF_ONE_FILE.get(function)
    if kind is not None:
        return Claim(kind, realpath(normpath(root / str(arguments.get("path", "")))))
    return Claim(_OF_ALL_FILES.get(function, "command" if function in further else "write"))


@dataclass(slots=True)
class Orderly:
    """An observer of calls that run at once: one event after the other, one question after the other.

    A program that waits for its only call has nobody to queue with: others begin when it goes on.
    """

    observer: Observer
    calls: Simultaneous
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def emit(self, event: Event) -> None:
        """Pass `event` on after those before it."""
        if self.calls.idle:
            await self.observer.emit(event)
        else:
            async with self._telling:
                await self.observer.emit(event)

    async def permit(self, call: CallRequested) -> Decision:
        """Ask about `call` after every call that was requested before it has been decided about."""
        if self.calls.idle:
            decision = await self.observer.permit(call)
        else:
            async with self._asking:
                decision = await self.observer.permit(call)
        if call.type is not CallType.READ or call.sensitive is not None:
            await anyio.lowlevel.checkpoint_if_cancelled()  # somebody may have stopped the program instead
        return decision


@dataclass(slots=True, eq=False)
class _Open:
    claim: Claim
    ended: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)


@dataclass(slots=True)
class Simultaneous:
    """The open calls of one program. Their tasks run in a group, which waits for them."""

    _group: TaskGroup | None = None  # until it begins
    _open: list[_Open] = field(default_factory=list[_Open])
    _results: dict[int, ExternalSettledResult] = field(default_factory=dict[int, "ExternalSettledResult"])
    _started: set[int] = field(default_factory=set[int])
    _change: anyio.Event = field(default_factory=anyio.Event)

    @property
    def idle(self) -> bool:
        """Whether no call is open."""
        return not self._open

    def begin(self, group: TaskGroup) -> None:
        """The program begins: its calls run in `group`."""
        self._group = group

    def start(self, number: int, claim: Claim, serve: Serve) -> None:
        """Begin a call, in order; `settled` gives its result under `number`."""
        assert self._group is not None
        call = _Open(claim)
        before = self._before(claim)
        self._open.append(call)
        self._started.add(number)
        self._group.start_soon(self._serve, number, call, before, serve)

    async def in_turn(self, claim: Claim) -> None:
        """Wait until a call for which the program waits may begin."""
        for earlier in self._before(claim):
            await earlier.ended.wait()

    def _before(self, claim: Claim) -> list[_Open]:
        return [call for call in self._open if claim.must_follow(call.claim)]

    async def _serve(self, number: int, call: _Open, before: list[_Open], serve: Serve) -> None:
        try:
            with call.scope:
                for earlier in before:
                    await earlier.ended.wait()
                self._results[number] = await serve()
        finally:
            self._open.remove(call)
            call.ended.set()
            self._change.set()

    async def settled(self, numbers: Collection[int]) -> dict[int, ExternalSettledResult]:
        """The results that are there of the calls of these numbers, as soon as there is one."""
        while True:
            ready = {number: self._results.pop(number) for number in numbers if number in self._results}
            unknown = [number for number in numbers if number not in self._started]
            if ready or unknown:
                return ready | dict.fromkeys(unknown, _missing())
            await self._changed()

    async def all_ended(self) -> None:
        """Wait until no call is open."""
        while self._open:
            await self._changed()

    async def _changed(self) -> None:
        self._change = anyio.Event()
        await self._change.wait()

    def cancel(self) -> None:
        """Stop every open call; each ends as cancelled."""
        for call in self._open:
            call.scope.cancel()


def _missing() -> ExternalSettledResult:
    return {"exception": RuntimeError("nothing is left to wait for")}
