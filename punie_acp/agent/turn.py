"""What one turn keeps while it runs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from punie_acp.agent.needless import first_program, found_none, is_idle
from punie_acp.agent.saving import running, with_running, with_saving
from punie_acp.codemode.events import ProgramLimits
from punie_acp.codemode.planning import RUN
from punie_acp.codemode.sameness import normal_beginning
from punie_acp.codemode.source import names_bound_in
from punie_acp.codemode.tables import with_tables
from punie_acp.workspace.mentions import runs_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from punie_acp.agent.events import TurnObserver
    from punie_acp.agent.request import TurnRequest
    from punie_acp.codemode.early.ahead import ReadingAhead
    from punie_acp.codemode.events import Observer, ProgramOutcome
    from punie_acp.codemode.extra import ExtraFunction, ExtraFunctions
    from punie_acp.settings import Settings


class Runner(Protocol):
    """Who runs programs: a `codemode.sandbox.Sandbox`, or something around one."""

    @property
    def extra(self) -> ExtraFunctions:
        """The further functions that programs may call."""
        ...

    async def run(
        self, code: str, *, program_id: str, observer: Observer, limits: ProgramLimits | None = None
    ) -> ProgramOutcome:
        """Run a program to its end. Whatever is wrong with it is in the outcome."""
        ...

    def read_ahead(
        self, program_id: str, observer: Observer, limits: ProgramLimits | None = None
    ) -> ReadingAhead | None:
        """What makes the reading calls of a program while it is written; None where it has to wait for its end."""
        ...


@dataclass(slots=True)
class Turn:
    """What one turn keeps while it runs: pydantic-ai hands it to the tool as `deps`."""

    request: TurnRequest
    sandbox: Runner
    observer: TurnObserver
    settings: Settings
    to_run: str = field(init=False)  # the command that the user wants run, as long as it has not been
    has_changed: bool = False  # whether any program has changed anything
    own_names: set[str] = field(default_factory=set[str])  # what programs of this turn have bound by themselves
    began: float = field(default_factory=time.monotonic)
    program_ids: dict[str, str] = field(default_factory=dict[str, str])  # by the model's tool call id
    texts: int = 0
    external_calls: int = 0
    failed_programs: set[str] = field(default_factory=set[str])  # this and the next ones: their normal forms
    failed_command: str = ""  # the last one that failed after a change
    was_idle: bool = False  # whether the last program had nothing to run
    failures: int = 0  # how many programs in a row have failed
    last_program: str | None = None  # the one that ran last
    last_error: str = ""  # of that program
    last_output: str = ""  # what it printed, where it has only looked
    last_result: str = ""  # what the model was told of it
    last_change: str | None = None  # the last program that changed something
    change_result: str = ""  # what the model was told of that one
    useless_calls: set[str] = field(default_factory=set[str])  # ids of the model's calls that failed or were dropped
    astray: int = 0  # how many programs in a row have failed, or told nothing and changed nothing
    answer_now: bool = False  # it has just written the program again whose result it has
    answer: str = ""  # what a program was that only says it: it ends the turn
    repeats: int = 0  # how often a program was written again that had failed, or had found nothing
    first_token_seconds: float | None = None

    def __post_init__(self) -> None:
        self.to_run = self.request.to_run

    @property
    def turn_id(self) -> str:
        return self.request.turn_id

    @property
    def writes_programs(self) -> bool:
        """Whether its model writes programs, rather than calling functions."""
        return self.settings.tools == "program"

    def program_id(self, tool_call_id: str) -> str:
        return self.program_ids.setdefault(tool_call_id, f"{self.turn_id}/p{len(self.program_ids) + 1}")

    def next_message_id(self) -> str:
        self.texts += 1
        return f"{self.turn_id}/m{self.texts}"

    def go_on(self, texts: int, external_calls: int, tool_call_ids: Iterable[str]) -> None:
        """The turn was begun by another process."""
        self.texts, self.external_calls = texts, external_calls
        for tool_call_id in tool_call_ids:
            self.program_id(tool_call_id)

    def note_outcome(self, outcome: ProgramOutcome) -> None:
        """Whether the model knows more after a program than before, what it may answer, and whether it has failed."""
        has_looked = outcome.calls or self.needs_nothing
        self.last_output = outcome.output.strip() if has_looked and not (outcome.error or outcome.effects) else ""
        self.failures = 0 if outcome.error is None else self.failures + 1
        refused = outcome.error is not None and outcome.error.message.startswith("PermissionError")
        found = outcome.value if found_none(outcome) else outcome.output.strip() or outcome.value
        told = refused or outcome.effects or (not outcome.error and found)
        self.astray = 0 if told else self.astray + 1
        if outcome.effects:
            self.failed_command = outcome.failed
        self._note_effects(outcome.effects)

    def _note_effects(self, effects: Sequence[str]) -> None:
        commands = [one for one in effects if one.startswith(RUN)]
        self.has_changed = self.has_changed or len(commands) < len(effects)
        if any(_is_like(self.to_run, one) for one in commands):
            self.to_run = ""

    @property
    def is_left_to_run(self) -> bool:
        """Whether it is time for the command that the user wants run: at once, or behind a change."""
        return self.to_run != "" and (self.has_changed or runs_first(self.request.question, self.to_run))

    @property
    def functions_named(self) -> list[ExtraFunction]:
        """Those of the session's further functions that the user names: they want them called."""
        return self.sandbox.extra.named_in(self.request.question)

    @property
    def needs_nothing(self) -> bool:
        """Whether it is a question that takes no look, as far as can be seen."""
        return self.request.needs_nothing and not self.functions_named

    @property
    def to_look_at(self) -> tuple[str, ...]:
        """The files to begin with."""
        return self.request.named or tuple(self.request.code)

    def with_data(self, code: str) -> str:
        """`code` with the lines that read the data that it uses: what programs have at hand."""
        if not self.request.tables:
            return code
        whole = with_tables(code, self.request.tables, self.own_names)
        self.own_names |= names_bound_in(code)
        return whole

    def with_saving(self, code: str) -> str:
        """`code` with the lines that put what it defines where the user wants it changed."""
        return with_saving(code, self.request.code, self.request.question) if self.request.wanted == "change" else code

    def with_running(self, code: str) -> str:
        """`code` with the line that runs what the user wants run: first of all, or where `code` makes a change.

        Where `code` has nothing to run, that line alone.
        """
        if not self.writes_programs:
            return code
        if self.is_left_to_run and is_idle(code):
            return running(self.to_run)
        return with_running(code, self.to_run, at_once=runs_first(self.request.question, self.to_run))

    def instead_of(self, code: str) -> str:
        """A first look in place of the second program in a row that has nothing to run, else `code`."""
        is_lost = self.was_idle and is_idle(code) and not self.functions_named
        return first_program(self.to_look_at) if is_lost else code

    def may_be_repeated(self, code: str) -> bool:
        """Whether `code`, which is being written, may become a program that is not run again."""
        begun = normal_beginning(code)
        known = [*self.failed_programs, self.last_program, self.last_change]
        return any(one is not None and one.startswith(begun) for one in known)

    def forget_failures(self) -> None:
        """The project is no longer what it was: what failed before may well succeed now, such as a run of the tests."""
        self.failed_programs.clear()
        self.useless_calls.clear()


def _is_like(wanted: str, title: str) -> bool:
    """Whether a call of this title runs a command as it is `wanted`: `pytest` for `python -m pytest -q`."""
    words = {one for one in wanted.split() if not one.startswith(("-", "python"))}
    return bool(words & set(title.split()))


def program_limits(settings: Settings, calls_made: int = 0) -> ProgramLimits:
    """What a program may use, after the turn has made `calls_made` external calls."""
    return ProgramLimits(
        seconds=settings.program_seconds,
        memory_bytes=settings.program_memory_mib * 1024 * 1024,
        output_bytes=settings.program_output_bytes,
        recursion=settings.program_recursion,
        calls=settings.max_external_calls - calls_made,
        command_seconds=settings.command_seconds,
        prefetch=settings.prefetch,
    )
