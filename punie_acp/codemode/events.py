"""What happens while one program runs, as values. `server/` turns them into ACP updates; this room knows none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

ToolKind = Literal["read", "search", "edit", "delete", "move", "execute", "fetch", "other"]
"""ACP's tool kinds, as far as an external call can be one (ACP v1, `ToolKind`)."""

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class CallType(StrEnum):
    """The three tool types of this project; every external function is of one of them."""

    READ = "file-system/read"
    WRITE = "file-system/write"
    SHELL = "shell/command"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file that a call touches."""

    path: str  # absolute
    line: int | None = None  # 1-based


@dataclass(frozen=True, slots=True)
class Change:
    """What a call will do to one text file; `old_text` is None where the file does not exist yet."""

    path: str  # absolute
    old_text: str | None
    new_text: str


@dataclass(frozen=True, slots=True)
class ProgramChecked:
    """The program has been repaired and checked, and is about to run."""

    program_id: str
    code: str  # as it will run
    repairs: tuple[str, ...] = ()  # one sentence for each thing that was changed


@dataclass(frozen=True, slots=True)
class CallRequested:
    """The program paused at an external call. Everything that a user needs to allow or refuse it is here."""

    call_id: str  # "<turn>/<program>/<call>"
    program_id: str
    type: CallType
    kind: ToolKind
    function: str  # what the program called: "read_file", "open", "Path.read_text", "subprocess.run"
    title: str  # for people: "Read src/a.py", "Run pytest -q"
    source_line: int | None  # 1-based line of the program
    raw_input: Mapping[str, JsonValue]
    locations: tuple[Location, ...] = ()
    changes: tuple[Change, ...] = ()
    command: str | None = None  # the exact command line of a `shell/command`
    cwd: str | None = None  # where it runs, absolute
    sensitive: str | None = None  # why even reading asks first: "secrets are often kept in .env"


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The call was permitted and begins now."""

    call_id: str


@dataclass(frozen=True, slots=True)
class CallProgress:
    """Something to show while the call runs: new output, or the client terminal in which it runs."""

    call_id: str
    output: str = ""  # what is new since the last progress
    terminal_id: str | None = None


@dataclass(frozen=True, slots=True)
class CallFinished:
    """The call ended: with a value, with an exception raised in the program, or refused."""

    call_id: str
    status: Literal["completed", "failed", "refused", "cancelled"]
    raw_output: JsonValue = None
    error: str | None = None  # "FileNotFoundError: no file src/b.py"


@dataclass(frozen=True, slots=True)
class Printed:
    """The program printed."""

    program_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ProgramError:
    """Why a program did not run to its end."""

    kind: Literal["syntax", "type", "runtime", "limit", "crash", "cancelled"]
    message: str  # "NameError: name 'x' is not defined"
    line: int | None = None  # 1-based
    excerpt: str = ""  # the source line with a caret under the place


@dataclass(frozen=True, slots=True)
class ProgramOutcome:
    """How a program ended, and what it left."""

    output: str  # all that it printed, cut to the limit
    value: str | None = None  # repr of a last expression that is not None
    error: ProgramError | None = None
    effects: tuple[str, ...] = ()  # titles of the writes and commands that completed
    calls: int = 0  # external calls made
    seconds: float = 0.0  # wall time, pauses included
    shapes: tuple[str, ...] = ()  # where it failed or found nothing: what the files look like that it had read
    missed: tuple[str, ...] = ()  # then too: what it looked for in vain, and what is there instead
    note: str = ""  # what the model must know of it beside all this: which changes were accepted
    hint: str = ""  # what is known of its error beyond what that says
    failed: str = ""  # the command that it ran last, where that failed after a change


@dataclass(frozen=True, slots=True)
class ProgramFinished:
    """The last event of a program."""

    program_id: str
    outcome: ProgramOutcome


Event = ProgramChecked | CallRequested | CallStarted | CallProgress | CallFinished | Printed | ProgramFinished


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a requested call may begin."""

    allowed: bool
    reason: str = ""  # of a refusal, for the program's PermissionError: "the user refused", "this session is read-only"


class Observer(Protocol):
    """Who watches a program. Both methods may wait (a full pipe, a question to the user) and be cancelled."""

    async def emit(self, event: Event) -> None:
        """Take note of `event`. Called in the order in which things happen."""
        ...

    async def permit(self, call: CallRequested) -> Decision:
        """Decide about `call`, which has been emitted before. Called exactly once for each call."""
        ...


@dataclass(frozen=True, slots=True)
class ProgramLimits:
    """Where a program ends by itself."""

    seconds: float = 30.0  # running, pauses not counted
    memory_bytes: int = 256 * 1024 * 1024
    output_bytes: int = 64 * 1024
    recursion: int = 1000  # as in CPython
    calls: int = 500  # external calls left to this turn
    command_seconds: float = 120.0  # default and upper bound of one command's time
    prefetch: bool = True  # whether reads over a list are begun before their turn, where reading is slow
