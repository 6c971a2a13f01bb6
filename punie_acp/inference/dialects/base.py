"""What all dialects share: the tools, the events that a parser yields, and the reader that streaming parsers run on."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, TypeVar, cast

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
DialectName: TypeAlias = Literal["xml", "json", "fence"]

UNREADABLE = "unreadable_call"  # the name of a call whose name cannot be read: the agent loop then lists its tools


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str
    schema: Mapping[str, object]  # JSON schema of the arguments, an object

    def parameter(self, name: str) -> Mapping[str, object]:
        """The JSON schema of one argument, empty where the tool does not say."""
        return self.parameters().get(name, {})

    def parameters(self) -> Mapping[str, Mapping[str, object]]:
        """The JSON schema of each argument."""
        return cast("Mapping[str, Mapping[str, object]]", self.schema.get("properties") or {})

    def program_parameter(self) -> str | None:
        """The argument that holds a Python program: `code`, where the tool has one that is a string."""
        return "code" if self.parameter("code").get("type") == "string" else None

    def as_function(self) -> dict[str, object]:
        """As chat templates expect a tool."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.schema)}
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of what the model says to the user."""

    text: str


@dataclass(frozen=True, slots=True)
class CallStart:
    """A call of the tool `name` begins."""

    name: str


@dataclass(frozen=True, slots=True)
class ArgumentDelta:
    """The next piece of an argument that is a string, decoded."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class CallEnd:
    """The call is whole. Streamed arguments are in it again, as the concatenation of their pieces."""

    arguments: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something about the call had to be guessed. It is delivered all the same, and its arguments are validated."""

    reason: str


ParseEvent: TypeAlias = TextDelta | CallStart | ArgumentDelta | CallEnd | Malformed

T = TypeVar("T")
Step: TypeAlias = Generator[None, None, T]
"""A reading routine: it yields where it needs text that has not arrived, and returns a T."""


class Reader:
    """Text that arrives in pieces, read as if it were all there: piece boundaries cannot matter to a routine.

    `position` may be set back, so a routine looks ahead by reading and returning. The end of the text reads as "".
    """

    def __init__(self) -> None:
        self.text = ""
        self.ended = False
        self.position = 0
        self._events: list[ParseEvent] = []
        self._blank = ""  # white space that is dropped if a call follows

    def char(self, ahead: int = 0) -> Step[str]:
        """The character at the position, or `ahead` of it; "" at the end of the text."""
        while len(self.text) <= self.position + ahead:
            if self.ended:
                return ""
            yield
        return self.text[self.position + ahead]

    def take(self) -> Step[str]:
        """The character at the position, which moves on."""
        char = yield from self.char()
        self.position += len(char)
        return char

    def accept(self, literal: str) -> Step[bool]:
        """Move past `literal` if it stands here."""
        for ahead, expected in enumerate(literal):
            if (yield from self.char(ahead)) != expected:
                return False
        self.position += len(literal)
        return True

    def skip(self, chars: str = " \t\r\n") -> Step[None]:
        """Move past any of `chars`."""
        while (char := (yield from self.char())) and char in chars:
            self.position += 1

    def until(self, stops: str) -> Step[str]:
        """The text up to one of the characters `stops`, which is not read."""
        start = self.position
        while (char := (yield from self.char())) and char not in stops:
            self.position += 1
        return self.text[start : self.position]

    def at_line_start(self) -> bool:
        """Whether only blanks stand between the line's start and the position."""
        line = self.text.rfind("\n", 0, self.position) + 1
        return not self.text[line : self.position].strip()

    def say(self, text: str) -> None:
        """Pass `text` on to the user; white space waits for what follows it."""
        solid = text.rstrip()
        if solid:
            self.emit(TextDelta(self._blank + solid))
            self._blank = ""
        self._blank += text[len(solid) :]

    def flush(self) -> None:
        """Pass on the white space at the end of the text, where no call follows."""
        if self._blank:
            self.emit(TextDelta(self._blank))
            self._blank = ""

    def start_call(self, name: str) -> None:
        """A call begins."""
        self._blank = ""
        self.emit(CallStart(name))

    def argue(self, name: str, text: str) -> None:
        """The next piece of the argument `name`."""
        if text:
            self.emit(ArgumentDelta(name, text))

    def emit(self, event: ParseEvent) -> None:
        """Hand out `event`, joined to the one before where both are pieces of the same thing."""
        match (self._events[-1] if self._events else None, event):
            case (TextDelta(before), TextDelta(text)):
                self._events[-1] = TextDelta(before + text)
            case (ArgumentDelta(name, before), ArgumentDelta(same, text)) if name == same:
                self._events[-1] = ArgumentDelta(name, before + text)
            case _:
                self._events.append(event)

    def drain(self) -> list[ParseEvent]:
        """The events since the last drain."""
        events, self._events = self._events, []
        return events


class Parser:
    """Runs a reading routine over one answer. `done`: no more text is wanted, so generation can stop."""

    def __init__(self, routine: Callable[[Reader], Step[None]]) -> None:
        self.done = False
        self._reader = Reader()
        self._steps = routine(self._reader)

    @property
    def consumed(self) -> int:
        """How many characters belong to the answer, once `done`: what follows the last call does not."""
        return self._reader.position

    def feed(self, piece: str) -> list[ParseEvent]:
        """The events that `piece` completes. Text after `done` is dropped."""
        if self.done or not piece:
            return []
        self._reader.text += piece
        return self._advance()

    def finish(self) -> list[ParseEvent]:
        """The rest, after the last piece."""
        if self.done:
            return []
        self._reader.ended = True
        return self._advance()

    def _advance(self) -> list[ParseEvent]:
        try:
            next(self._steps)
        except StopIteration:
            self.done = True
        return self._reader.drain()


def read_text(reader: Reader) -> Step[None]:
    """The routine for an answer in which nothing is a call."""
    while char := (yield from reader.take()):
        reader.say(char)
    reader.flush()


class Dialect(Protocol):
    """How a model family writes a tool call in text. Values in, text out; state is in the `Parser`."""

    @property
    def name(self) -> DialectName:
        """As in the settings and the catalogue."""
        ...

    @property
    def opening(self) -> str:
        """The text with which a call begins."""
        ...

    @property
    def result_role(self) -> Literal["tool", "user"]:
        """The role under which a result is told to the model, where its chat template knows that role."""
        ...

    def instructions(self, tools: Sequence[Tool]) -> str:
        """What the model must know to call, where its chat template does not say it. Short: it is prefilled."""
        ...

    def parser(self, tools: Sequence[Tool], *, one_call: bool = False) -> Parser:
        """A parser for one answer of a model that was given `tools`; with `one_call` it ends after the first call."""
        ...

    def render_call(self, name: str, arguments: Mapping[str, JsonValue]) -> str:
        """The call as the model would write it; parsing it gives the same call."""
        ...

    def frame_result(self, role: str, *, failed: bool) -> tuple[str, str]:
        """What stands before and after a result in the message that tells it, sent under `role`."""
        ...


def find_tool(tools: Sequence[Tool], name: str) -> Tool | None:
    """The tool of that name."""
    return next((tool for tool in tools if tool.name == name), None)


def intended_tool(tools: Sequence[Tool], name: str) -> str:
    """The name to call by: `name`, or, where none could be read, the only tool's."""
    return name or (tools[0].name if len(tools) == 1 else UNREADABLE)


def parse_json(text: str) -> JsonValue:
    """Strict JSON of finite numbers; half a surrogate pair becomes "?". Raises `ValueError` or `RecursionError`."""
    value = cast("JsonValue", json.loads(text, parse_constant=_finite, parse_float=_finite))
    if "\\u" in text:
        value = cast("JsonValue", json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")))
    return value


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is not JSON")
    return value
