"""A running program as values that can be stored: the program, each of its calls, and the pause it can go on from."""

from __future__ import annotations

import ast
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from punie_acp.codemode.events import CallType, ProgramLimits
from punie_acp.codemode.rewriting.emit import Lines
from punie_acp.codemode.rewriting.knowledge import ClassInfo, Knowledge
from punie_acp.codemode.surviving.values import UnkeptValueError, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_monty import ExternalSettledResult

    from punie_acp.codemode.events import JsonValue
    from punie_acp.codemode.rewriting.knowledge import Kind

CallState = Literal["requested", "started", "finished"]

FORMAT = f"1/{version('pydantic-monty')}"
"""Of what is kept. A dump can be loaded by the Monty that made it."""


class Unreadable(ValueError):  # noqa: N818 - what it is, not that it is an error
    """What was kept cannot be used. One sentence for the user."""


@dataclass(frozen=True, slots=True)
class KeptProgram:
    """What holds for a program from its first line on, beside its dump."""

    program_id: str
    code: str  # as the user sees it
    lowered: str  # as Monty has it
    repairs: tuple[str, ...]
    origins: tuple[int | None, ...]  # as `Lines`
    feeds: int  # how many snippets the session had been fed, this one included
    filename: str  # what Monty calls it
    limits: ProgramLimits
    names: frozenset[str] = frozenset()  # what earlier programs had bound
    knowledge: Knowledge = field(default_factory=Knowledge)
    compiled: Knowledge = field(default_factory=Knowledge)  # what `knowledge` becomes once it has run

    @property
    def lines(self) -> Lines:
        """From lines of `lowered` to those of `code`."""
        return Lines(self.origins)

    def to_json(self) -> dict[str, JsonValue]:
        """All of it, for `from_json`."""
        return {
            "format": FORMAT,
            "program_id": self.program_id,
            "code": self.code,
            "lowered": self.lowered,
            "repairs": [*self.repairs],
            "origins": [*self.origins],
            "feeds": self.feeds,
            "filename": self.filename,
            "limits": asdict(self.limits),
            "names": [*sorted(self.names)],
            "knowledge": _knowledge_json(self.knowledge),
            "compiled": _knowledge_json(self.compiled),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> KeptProgram:
        """Raises `Unreadable`, for what another version has kept as well."""
        if data.get("format") != FORMAT:
            raise Unreadable("the program was paused by another version of this agent")
        try:
            return cls(
                program_id=data["program_id"],
                code=data["code"],
                lowered=data["lowered"],
                repairs=tuple(data["repairs"]),
                origins=tuple(data["origins"]),
                feeds=data["feeds"],
                filename=data["filename"],
                limits=ProgramLimits(**data["limits"]),
                names=frozenset(data["names"]),
                knowledge=_knowledge(data["knowledge"]),
                compiled=_knowledge(data["compiled"]),
            )
        except (KeyError, TypeError, ValueError, SyntaxError) as error:
            raise Unreadable("what was kept of the program is unreadable") from error


@dataclass(frozen=True, slots=True)
class Trace:
    """By what it is seen whether a write has happened to one file: digests of what was there, and of what is to be."""

    path: str  # absolute
    before: str | None  # None: there was no such file
    after: str | None
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class KeptCall:
    """One external call of a program."""

    index: int  # its place among the calls of its program, from 1
    number: int  # Monty's; those of the files that are closed at the end begin anew
    call_id: str
    called: str  # as the program's text names it for Monty
    line: int | None
    args: JsonValue  # of a call that runs beside others; None: they cannot be kept
    is_deferred: bool = False
    open: tuple[int, ...] = ()  # the numbers of the calls that had begun beside it, whose results nobody had taken
    printed: str = ""  # since the call before it
    numbered: int = 0  # how many numbers were taken before it: more than its own says, where it was made early
    state: CallState = "requested"
    # Known once it has begun, of calls that do more than read:
    type: CallType | None = None
    kind: str = ""
    title: str = ""
    command: str = ""
    locations: tuple[str, ...] = ()
    traces: tuple[Trace, ...] = ()
    value: JsonValue = None  # what a write gives, in `packed` form, known before it happens
    # Known once it has ended:
    settled: JsonValue = None  # what the program gets, in `packed` form; None: it cannot be kept
    raw_output: JsonValue = None
    error: str = ""  # why it failed
    told: str = ""  # what the program printed by it

    @property
    def shown_number(self) -> int:
        """The last part of its id."""
        return int(self.call_id.rpartition("/")[2])

    @property
    def in_doubt(self) -> bool:
        """Whether it is not known if it has happened."""
        return self.state == "started" or (self.state == "finished" and self.settled is None)

    def result(self) -> ExternalSettledResult:
        """What the program got, or would have got."""
        return cast("ExternalSettledResult", unpacked(self.settled))

    def as_happened(self) -> KeptCall:
        """A write that was found to have happened, as finished."""
        return replace(self, state="finished", settled=packed({"return_value": unpacked(self.value)}))

    def to_json(self) -> dict[str, JsonValue]:
        """All of it but `state`, for `from_json`."""
        data: dict[str, JsonValue] = {name: getattr(self, name) for name in _FIELDS}
        data["open"], data["locations"] = [*self.open], [*self.locations]
        data["traces"] = [asdict(trace) for trace in self.traces]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any], state: CallState) -> KeptCall:
        """Raises `Unreadable`."""
        try:
            given = dict(data)
            given["open"], given["locations"] = tuple(given["open"]), tuple(given["locations"])
            given["traces"] = tuple(Trace(**trace) for trace in given["traces"])
            given["type"] = None if given["type"] is None else CallType(given["type"])
            return cls(**given, state=state)
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable("what was kept of a call is unreadable") from error


_FIELDS = tuple(one.name for one in fields(KeptCall) if one.name != "state")


@dataclass(frozen=True, slots=True)
class PausedProgram:
    """A program as it stood at its last pause. `calls` has the one at which it stood as well."""

    program: KeptProgram
    calls: tuple[KeptCall, ...]  # of those before it that printed nothing and only read, none need be here
    index: int  # of the call at which it paused
    dump: bytes

    @classmethod
    def of(
        cls, program: Mapping[str, Any], kept: Sequence[tuple[Mapping[str, JsonValue], CallState, bytes | None]]
    ) -> PausedProgram:
        """From what a `Keeper` was given, in order: of each call what is known, its state, its dump.

        The call with the last dump is the one at which it paused. It may be there again, as it became later, and calls
        of which nothing need be known may be absent. Raises `Unreadable`.
        """
        found = [(KeptCall.from_json(facts, state), dump) for facts, state, dump in kept]
        dumps = [(call.index, dump) for call, dump in found if dump is not None]
        if not dumps:
            raise Unreadable("nothing was kept of its program")
        calls = {call.index: call for call, dump in found if dump is not None}
        calls |= {call.index: call for call, dump in found if dump is None}
        return cls(KeptProgram.from_json(program), tuple(calls[index] for index in sorted(calls)), *dumps[-1])

    @property
    def call(self) -> KeptCall:
        """The call at which it paused."""
        return next(call for call in self.calls if call.index == self.index)

    @property
    def numbered_before(self) -> int:
        """How many calls had been numbered before it."""
        return max(self.call.numbered, self.call.shown_number - 1)

    @property
    def pending(self) -> tuple[KeptCall, ...]:
        """The calls whose results it does not have, in order: those that run beside it, and the one it paused at."""
        return tuple(call for call in self.calls if self._is_open(call) or call.index == self.index)

    def _is_open(self, call: KeptCall) -> bool:
        return call.is_deferred and call.number in self.call.open

    @property
    def printed(self) -> str:
        """All that it had printed."""
        return "".join(call.printed for call in self.calls)

    def with_calls(self, calls: Sequence[KeptCall]) -> PausedProgram:
        """The same, with these in place of those of the same ids."""
        new = {call.call_id: call for call in calls}
        return replace(self, calls=tuple(new.get(call.call_id, call) for call in self.calls))


class Keeper(Protocol):
    """Who keeps paused programs. What a method was given is safe from a SIGKILL once it has returned."""

    @property
    def seconds_between(self) -> float:
        """A call that only reads is not kept so soon after another: it is made again from there, which harms nobody."""
        ...

    def keep(
        self, program_id: str, call: KeptCall, dump: bytes | None = None, program: KeptProgram | None = None
    ) -> None:
        """Keep a call, or what is new of it. A `dump` takes the place of those before; `program` comes once."""
        ...

    def forget(self, program_id: str) -> None:
        """The program cannot be gone on with."""
        ...


def packed_or_none(value: object) -> JsonValue:
    """`packed`, or None for what cannot be kept."""
    try:
        return packed(value)
    except UnkeptValueError:
        return None


def _knowledge_json(knowledge: Knowledge) -> dict[str, JsonValue]:
    return {
        "classes": [
            [ast.unparse(one.node), one.kind, [*one.mro], [*one.natives], [*one.library]]
            for one in knowledge.classes.values()
        ],
        "attributes": [*sorted(knowledge.attributes)],
        "dunders": [*sorted(knowledge.dunders)],
        "generators": knowledge.generators,
        "loaded": [*sorted(knowledge.loaded)],
    }


def _knowledge(data: Mapping[str, Any]) -> Knowledge:
    classes = [_class(*one) for one in data["classes"]]
    return Knowledge(
        {one.name: one for one in classes},
        set(data["attributes"]),
        set(data["dunders"]),
        bool(data["generators"]),
        set(data["loaded"]),
    )


def _class(source: str, kind: Kind, mro: list[str], natives: list[str], library: list[str]) -> ClassInfo:
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.ClassDef):
        raise ValueError("no class")
    return ClassInfo(node.name, node, kind, tuple(mro), tuple(natives), tuple(library))
