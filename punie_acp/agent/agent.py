"""One prompt turn of the agent: a pydantic-ai `Agent` with one tool, `execute_code`, over any pydantic-ai model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio
from pydantic_ai import Agent, RunContext, Tool, UsageLimits
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import BinaryContent, InstructionPart, ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import ModelRequestParameters

from punie_acp.agent.calling import calling_agent, calling_instructions, function_tools
from punie_acp.agent.events import ProgramDropped, ProgramWritten, TextDelta
from punie_acp.agent.history import calls_of_turn, complete_messages, paused_call, with_answer
from punie_acp.agent.instructions import (
    ASKED,
    DATA,
    DONE,
    FAILURE,
    SAME_AGAIN,
    SMALLER_STEP,
    fenced,
    has_failed,
    instructions,
    next_step,
    outcome_text,
    own_instructions,
    still_to_run,
)
from punie_acp.agent.needless import (
    ANSWERS,
    IDLE,
    NONE_FOUND,
    OWN_WORDS,
    answer_of,
    first_look,
    found_none,
    has_own_words,
    is_answer,
    is_idle,
    is_plain_value,
)
from punie_acp.agent.saving import ONLY_DEFINES, only_defines, renaming, unsaved
from punie_acp.agent.stream import pass_on
from punie_acp.agent.turn import Turn, program_limits
from punie_acp.agent.usage import usage_of
from punie_acp.codemode.sameness import normal_form
from punie_acp.codemode.tablehints import TableHint, entries_named, table_hint
from punie_acp.inference.model import LocalModelSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic_ai.messages import ModelMessage, UserContent
    from pydantic_ai.models import Model
    from pydantic_ai.run import AgentRun
    from pydantic_ai.settings import ModelSettings

    from punie_acp.agent.events import TurnEnd, TurnObserver, TurnUsage
    from punie_acp.agent.turn import Runner
    from punie_acp.codemode.events import ProgramOutcome
    from punie_acp.codemode.extra import ExtraFunctions
    from punie_acp.codemode.table import Table
    from punie_acp.settings import Settings, ToolStyle
    from punie_acp.workspace.mentions import Wanted

REPEAT_TEMPERATURE = 0.7
NEEDED_CALL_PROBABILITY = 1e-5
"""In place of the setting `call_probability` where a prompt names something of the project. Thanks have less."""
DATA_CALL_PROBABILITY = 1e-12
"""In place of that where programs have data at hand: the prompt shows an example of it only, any answer is a guess."""
MOST_ASTRAY = 4
"""After so many programs in a row from which it learned nothing, a model may say that it has no answer."""


MUCH_ASTRAY = 8
"""After so many it has to."""


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a recording in a prompt."""

    data: bytes
    media_type: str  # "image/png"


@dataclass(frozen=True, slots=True)
class Begun:
    """What another process had done of a turn that goes on."""

    texts: int  # how many messages the model had begun
    external_calls: int  # before the program that goes on


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a turn is asked, of which model, and what was said before."""

    prompt: str | None  # None: the turn goes on with the program of the last message
    turn_id: str  # "t1"
    model: Model
    history: Sequence[ModelMessage]
    cache_key: str  # names the conversation's KV cache
    media: tuple[Media, ...] = ()  # only for models that take them: `ReadyModel.takes`
    overview: str = ""  # what the project has, for the instructions
    looks: str = ""  # what the files are like that the prompt names
    told_all: bool = False  # whether that is all it takes: it may well be answered without having looked
    code: Mapping[str, str] = field(default_factory=dict[str, str])  # of the Python files that the prompt names
    tables: tuple[Table, ...] = ()  # what programs have of the data files that it names
    named: tuple[str, ...] = ()  # the other files that it names
    question: str = ""  # the user's own words of the prompt
    wanted: Wanted = "unknown"  # what they plainly want
    to_run: str = ""  # the command that they want run
    needs_look: bool = False  # the prompt names something of the project: hardly an answer without having looked
    begun: Begun | None = None  # where there is no prompt

    @property
    def needs_nothing(self) -> bool:
        """Whether it is a question about nothing of the project, as far as can be seen."""
        is_told = self.looks or self.tables or self.to_run
        return self.wanted == "answer" and not (self.needs_look or is_told)

    @property
    def content(self) -> str | list[UserContent] | None:
        """The prompt as pydantic-ai takes it."""
        if self.prompt is None:
            return None
        files = [BinaryContent(one.data, media_type=one.media_type) for one in self.media]
        return [*([self.looks] if self.looks else []), self.prompt, *files] if self.looks or files else self.prompt


@dataclass(frozen=True, slots=True)
class TurnResult:
    """How a turn ended. `reason` says in a sentence what limit ended it, if one did."""

    end: TurnEnd
    usage: TurnUsage
    reason: str = ""


class CallsExhaustedError(Exception):
    """The turn has made all the external calls it may make."""


async def execute_code(ctx: RunContext[Turn], code: str) -> str:
    """Run a Python program in the project and return what it printed.

    Args:
        ctx: the turn.
        code: the program.
    """
    return await _run_code(ctx, code, outcome_text)


async def _run_code(ctx: RunContext[Turn], code: str, told: Callable[[ProgramOutcome], str]) -> str:
    """Run `code` and say by `told` how it ended."""
    turn = ctx.deps
    program_id = turn.program_id(ctx.tool_call_id or f"call{len(turn.program_ids)}")
    turn.answer_now = False
    form = normal_form(code)
    objection = _objection(ctx, code, form)
    if objection is not None:
        turn.useless_calls.add(ctx.tool_call_id or "")
        await turn.observer.emit(ProgramWritten(program_id, code))  # a call of a function was not shown before
        await turn.observer.emit(ProgramDropped(program_id, objection))
        repeat = turn.answer_now and turn.last_result
        return f"{objection} Once more:\n{turn.last_result}" if repeat else objection
    whole = turn.with_data(turn.with_running(turn.with_saving(code)))
    await turn.observer.emit(ProgramWritten(program_id, whole, complete=True))
    limits = program_limits(turn.settings, turn.external_calls)
    outcome = await turn.sandbox.run(whole, program_id=program_id, observer=turn.observer, limits=limits)
    turn.external_calls += outcome.calls
    turn.last_program = form
    turn.note_outcome(outcome)
    hint = table_hint(outcome.error, code, turn.tables) if outcome.error else TableHint()
    if outcome.error is not None:
        turn.failed_programs.add(form)
    if outcome.error is not None or turn.astray:
        if not hint.program:  # one that is given to the model may well begin like this one
            turn.useless_calls.add(ctx.tool_call_id or "")
    elif outcome.effects:
        turn.forget_failures()
        turn.last_change = form
    if turn.external_calls >= turn.settings.max_external_calls:
        raise CallsExhaustedError
    error = outcome.error.message if outcome.error else ""
    same_again = bool(error) and error == turn.last_error
    further = _afterwards(turn, code, outcome, hint, same_again=same_again)
    turn.last_result = "\n".join([told(replace(outcome, hint=hint.told)), *further])
    turn.last_error = error
    if turn.last_change == form:
        turn.change_result = turn.last_result
    return turn.last_result


def _afterwards(turn: Turn, code: str, outcome: ProgramOutcome, hint: TableHint, *, same_again: bool) -> list[str]:
    """What the model is told after what a program has printed: what it left undone, and how to go on."""
    is_program = turn.settings.tools == "program"
    look = [first_look(turn.to_look_at)] if is_program else []
    guessed = [OWN_WORDS] if is_program and has_own_words(code) else []
    kept = [] if outcome.effects else _unsaved(turn, code)
    if hint.program:
        return [*guessed, f"Instead:\n{fenced(hint.program, 'python')}", *kept]
    if same_again:
        return [*guessed, SAME_AGAIN, *(kept or look)]
    if guessed and turn.to_look_at and not turn.external_calls:
        return [*guessed, *look]
    if not outcome.error and (outcome.output.strip() or outcome.effects):
        return [*guessed, *_after_output(turn, outcome, kept)]
    if is_program and turn.failures > 1:
        return [*guessed, SMALLER_STEP, *kept]
    return [*guessed, *(kept or (look if turn.astray > 1 and not outcome.error else []))]


def _after_output(turn: Turn, outcome: ProgramOutcome, kept: list[str]) -> list[str]:
    """What is told after a program that has printed or changed something; `kept` is what it kept to itself."""
    if found_none(outcome):
        return [NONE_FOUND]
    named = [] if outcome.effects else entries_named(outcome.output, turn.question, turn.tables)
    is_left = turn.to_run and turn.has_changed
    left = still_to_run(turn.to_run, is_program=turn.settings.tools == "program") if is_left else ""
    return [next_step(turn.question, outcome.failed, left), *named, *kept]


def _unsaved(turn: Turn, code: str) -> list[str]:
    """What is to be put into a file; nothing, where nothing is to be changed."""
    kept = [] if turn.wanted == "answer" else unsaved(code, turn.code, turn.question)
    is_renamed = kept and turn.wanted == "rename"
    return (renaming(turn.code.values(), turn.question) if is_renamed else []) or kept


def _objection(ctx: RunContext[Turn], code: str, form: str) -> str | None:
    """Why a program of this normal form is not even begun, for the model and the user to read."""
    turn = ctx.deps
    what = "program" if turn.settings.tools == "program" else "call"
    if _is_cut(ctx.messages):
        why = _why_cut(ctx.messages, turn.settings)
        return f"The {what} did not run: it was cut. {why} Write a shorter one, or split the work."
    useless = _useless(turn, code) if turn.settings.tools == "program" else None
    if useless is not None:
        return useless
    if form in turn.failed_programs:
        turn.repeats += 1
        return f"The {what} did not run: it is the one that failed before, word for word. Write a different one."
    return _repeated(turn, form, what) if form in {turn.last_program, turn.last_change} else None


def _repeated(turn: Turn, form: str, what: str) -> str:
    """What is said of a program of this form that has run before, and nothing has changed since."""
    if turn.astray and form != turn.last_change:
        turn.repeats += 1
        return f"The {what} did not run again: it has found nothing, and nothing has changed. Write a different one."
    if turn.failed_command and form == turn.last_change:
        turn.repeats += 1
        return f"The {what} did not run again: {has_failed(turn.failed_command)}. Write one that mends that."
    if turn.to_run and turn.has_changed:
        return f"The {what} did not run again. {still_to_run(turn.to_run, is_program=what == 'program')}"
    turn.answer_now = True
    if form != turn.last_program:
        turn.last_program, turn.last_result = turn.last_change, turn.change_result
    return f"The {what} did not run again: its result stands above, for nothing has changed since."


def _useless(turn: Turn, code: str) -> str | None:
    """That a program has nothing to run, and how to go on."""
    is_name = is_answer(code, turn.code)
    if is_name and turn.wanted not in {"change", "rename"}:
        turn.answer = answer_of(code)
        return ANSWERS
    if turn.needs_nothing and is_plain_value(code):
        turn.answer = answer_of(code)
        return ANSWERS
    if is_name or is_idle(code):
        turn.answer_now = bool(turn.last_result) and not turn.astray
        turn.astray += not turn.answer_now
        return IDLE if turn.answer_now else f"{IDLE} {first_look(turn.to_look_at)}"
    kept = _unsaved(turn, code) if only_defines(turn.with_saving(code)) else []
    turn.astray += bool(kept)
    return "\n".join([*kept, ONLY_DEFINES]) if kept else None


_tool = Tool(execute_code, sequential=True)
_agent: Agent[Turn, str] = Agent(deps_type=Turn, tools=[_tool], instructions=instructions(), retries=2)


@_agent.instructions
def _own_instructions(ctx: RunContext[Turn]) -> str:
    return own_instructions(ctx.deps.overview, ctx.deps.sandbox.extra)


def _agent_of(turn: Turn) -> Agent[Turn, str]:
    """The agent that writes programs, or, where the settings say so, one that calls functions."""
    style = turn.settings.tools
    return _agent if style == "program" else calling_agent(style, turn.sandbox.extra, _run_code)


async def warm(
    model: Model,
    *,
    cache_key: str,
    extra: ExtraFunctions | None = None,
    style: ToolStyle = "program",
    overview: str = "",
) -> None:
    """Have a local model read the instructions, so that the first prompt of a session need not wait for that.

    `extra` are the session's further functions, as far as they are known; `style` as the setting `tools`; `overview`
    what the project has.
    """
    writes = style == "program"
    every = InstructionPart(instructions() if writes else calling_instructions(style))
    own = own_instructions(overview, extra if writes else None)
    tools = [tool.tool_def for tool in ([_tool] if writes else function_tools(extra, _run_code))]
    for parts in [[every], [every, InstructionPart(own, dynamic=True)]][: 2 if own else 1]:
        await model_request(
            model,
            [ModelRequest(parts=[UserPromptPart("Hello")])],
            model_settings=_warming(cache_key),
            model_request_parameters=ModelRequestParameters(
                function_tools=tools, allow_text_output=True, instruction_parts=parts
            ),
        )


async def run_turn(
    request: TurnRequest,
    *,
    sandbox: Runner,
    observer: TurnObserver,
    settings: Settings,
    remember: Callable[[list[ModelMessage]], None],
) -> TurnResult:
    """Answer a prompt. Cancelling the caller stops the model at the next token and the program at once.

    `remember` is given the whole conversation, before and after each request of the model and however the turn ends;
    while a program runs, its last message is the one that has the program.
    Raises what the model raises; a limit does not raise, it ends the turn.
    """
    told = (
        request.overview,
        request.question,
        request.code,
        request.tables,
        request.named,
        request.wanted,
        request.to_run,
    )
    turn = Turn(request.turn_id, sandbox, observer, settings, *told, needs_nothing=request.needs_nothing)
    if request.begun is not None:
        turn.go_on(request.begun.texts, request.begun.external_calls, calls_of_turn(request.history))
    messages = list(request.history)
    end: TurnEnd = "max_turn_requests"
    reason = f"It took longer than {settings.max_turn_seconds:g} s."
    with anyio.move_on_after(settings.max_turn_seconds):
        async with _agent_of(turn).iter(
            request.content,
            model=request.model,
            message_history=messages,
            deps=turn,
            model_settings=lambda ctx: _model_settings(settings, request, ctx.deps),
            usage_limits=UsageLimits(
                request_limit=settings.max_model_requests, output_tokens_limit=settings.max_turn_tokens
            ),
        ) as run:
            try:
                end, reason = await _follow(run, turn, remember)
            finally:
                written = run.all_messages()
                messages = complete_messages(with_answer(written, turn.answer) if turn.answer else written)
                remember(messages)
    return TurnResult(end, usage_of(turn, messages[len(request.history) :]), reason)


def _warming(cache_key: str) -> ModelSettings:
    return LocalModelSettings(max_tokens=1, temperature=0, cache_key=cache_key, keep_prefix=True)


def _model_settings(settings: Settings, request: TurnRequest, turn: Turn) -> ModelSettings:
    """How the model is to answer.

    A small model guesses an answer that is easily said, though it could look: as long as it has not acted, a local
    one acts where it finds that likely enough, the sooner where there is no other way to know, and where its program
    has told it nothing. It cannot write a failed program again (another model that does gets a higher temperature),
    and has to use words after it has written one again whose result it has. Neither its answer
    nor its program is the beginning of what it was told.
    """
    temperature = settings.temperature if turn.repeats == 0 else max(settings.temperature, REPEAT_TEMPERATURE)
    chosen = LocalModelSettings(
        max_tokens=settings.max_request_tokens, temperature=temperature, cache_key=request.cache_key
    )
    probability = _call_probability(settings.call_probability, request, turn)
    if probability is not None:
        chosen["call_probability"] = probability
    if turn.answer_now or turn.astray >= MUCH_ASTRAY:
        chosen["no_call"] = True
    if turn.program_ids:
        chosen["avoid_beginnings"] = (FAILURE, ASKED, DATA, DONE)
    if turn.useless_calls:
        chosen["avoid_calls"] = frozenset(turn.useless_calls)
    if settings.tools != "program":
        chosen["parallel_tool_calls"] = settings.tools == "calls"
    return chosen


def _call_probability(least: float, request: TurnRequest, turn: Turn) -> float | None:
    """From which probability on the model is to act; None where that is left to it. `least` is the setting."""
    if turn.program_ids:
        return min(least, NEEDED_CALL_PROBABILITY) if least < 1 and 0 < turn.astray < MOST_ASTRAY else None
    if least < 1 and request.tables:
        return min(least, DATA_CALL_PROBABILITY)
    if least < 1 and request.needs_look:
        return min(least, NEEDED_CALL_PROBABILITY)
    return None if request.told_all else least


async def _follow(
    run: AgentRun[Turn, str], turn: Turn, remember: Callable[[list[ModelMessage]], None]
) -> tuple[TurnEnd, str]:
    """Drive `run` to its end, passing on what the model writes. Says how it ended, and why if a limit did it."""
    settings = turn.settings
    try:
        async for node in run:
            if Agent.is_model_request_node(node):
                if turn.answer and paused_call(run.all_messages()):
                    await turn.observer.emit(TextDelta(turn.next_message_id(), turn.answer))
                    break
                turn.answer = ""
                remember(complete_messages([*run.all_messages(), node.request]))
                async with node.stream(run.ctx) as stream:
                    await pass_on(stream, turn)
                remember(list(run.all_messages()))
    except UsageLimitExceeded as exceeded:
        if "output_tokens" in str(exceeded):
            return "max_tokens", f"It wrote more than {settings.max_turn_tokens} tokens."
        return "max_turn_requests", f"It asked the model {settings.max_model_requests} times."
    except CallsExhaustedError:
        return "max_turn_requests", f"It made {turn.external_calls} external calls."
    except UnexpectedModelBehavior:
        if not _is_cut(run.all_messages()):
            return "refusal", "The model gave neither an answer nor a program that can run."
    if _is_cut(run.all_messages()):
        return "max_tokens", _why_cut(run.all_messages(), settings)
    return "end_turn", ""


def _is_cut(messages: Sequence[ModelMessage]) -> bool:
    """Whether the last response ended before it was complete."""
    last = _last_response(messages)
    return last is not None and last.finish_reason == "length"


def _why_cut(messages: Sequence[ModelMessage], settings: Settings) -> str:
    last = _last_response(messages)
    if last is not None and (last.provider_details or {}).get("repetition"):
        return "It repeated itself without end."
    return f"One request may write {settings.max_request_tokens} tokens."


def _last_response(messages: Sequence[ModelMessage]) -> ModelResponse | None:
    return next((message for message in reversed(messages) if isinstance(message, ModelResponse)), None)
