"""One prompt turn of the agent: a pydantic-ai `Agent` with one tool, `execute_code`, over any pydantic-ai model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import anyio
from pydantic_ai import Agent, RunContext, Tool, UsageLimits
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import InstructionPart, ModelRequest, UserPromptPart
from pydantic_ai.models import ModelRequestParameters

from punie_acp.agent.calling import calling_agent, calling_instructions, function_tools
from punie_acp.agent.cut import is_cut, why_cut
from punie_acp.agent.events import ProgramDropped, ProgramWritten, TextDelta
from punie_acp.agent.feedback import afterwards, objection
from punie_acp.agent.history import calls_of_turn, complete_messages, paused_call, with_answer
from punie_acp.agent.instructions import ASKED, DATA, DONE, FAILURE, VALUE, instructions, outcome_text, own_instructions
from punie_acp.agent.stream import pass_on
from punie_acp.agent.turn import Turn, program_limits
from punie_acp.agent.usage import usage_of
from punie_acp.codemode.sameness import normal_form
from punie_acp.codemode.tablehints import TableHint, table_hint
from punie_acp.inference.model import LocalModelSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model
    from pydantic_ai.run import AgentRun
    from pydantic_ai.settings import ModelSettings

    from punie_acp.agent.events import TurnEnd, TurnObserver, TurnUsage
    from punie_acp.agent.request import TurnRequest
    from punie_acp.agent.turn import Runner
    from punie_acp.codemode.events import ProgramOutcome
    from punie_acp.codemode.extra import ExtraFunctions
    from punie_acp.settings import Settings, ToolStyle

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
    code = turn.instead_of(code)
    turn.was_idle = False
    form = normal_form(code)
    why_not = objection(turn, code, form, ctx.messages)
    if why_not is not None:
        turn.useless_calls.add(ctx.tool_call_id or "")
        await turn.observer.emit(ProgramWritten(program_id, code))  # a call of a function was not shown before
        await turn.observer.emit(ProgramDropped(program_id, why_not))
        repeat = turn.answer_now and turn.last_result
        return f"{turn.last_result}\n{why_not}" if repeat else why_not
    whole = turn.with_data(turn.with_running(turn.with_saving(code)))
    await turn.observer.emit(ProgramWritten(program_id, whole, complete=True))
    limits = program_limits(turn.settings, turn.external_calls)
    outcome = await turn.sandbox.run(whole, program_id=program_id, observer=turn.observer, limits=limits)
    turn.external_calls += outcome.calls
    turn.last_program = form
    turn.note_outcome(outcome)
    hint = table_hint(outcome.error, code, turn.request.tables) if outcome.error else TableHint()
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
    further = afterwards(turn, code, outcome, hint, same_again=same_again)
    turn.last_result = "\n".join([told(replace(outcome, hint=hint.told)), *further])
    turn.last_error = error
    if turn.last_change == form:
        turn.change_result = turn.last_result
    return turn.last_result


_tool = Tool(execute_code, sequential=True)
_agent: Agent[Turn, str] = Agent(deps_type=Turn, tools=[_tool], instructions=instructions(), retries=2)


@_agent.instructions
def _own_instructions(ctx: RunContext[Turn]) -> str:
    return own_instructions(ctx.deps.request.overview, ctx.deps.sandbox.extra)


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
    turn = Turn(request, sandbox, observer, settings)
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
            model_settings=lambda ctx: _model_settings(ctx.deps),
            usage_limits=UsageLimits(
                request_limit=settings.max_model_requests, output_tokens_limit=settings.max_turn_tokens
            ),
        ) as run:
            try:
                end, reason = await _follow(run, turn, remember)
            finally:
                written = run.all_messages()
                messages = complete_messages(
                    with_answer(written, turn.answer) if _says_answer(turn, written) else written
                )
                remember(messages)
    return TurnResult(end, usage_of(turn, messages[len(request.history) :]), reason)


def _warming(cache_key: str) -> ModelSettings:
    return LocalModelSettings(max_tokens=1, temperature=0, cache_key=cache_key, keep_prefix=True)


def _model_settings(turn: Turn) -> ModelSettings:
    """How the model is to answer.

    A small model guesses an answer that is easily said, though it could look: as long as it has not acted, a local
    one acts where it finds that likely enough, the sooner where there is no other way to know, and where its program
    has told it nothing. It cannot write a failed program again (another model that does gets a higher temperature),
    and has to use words after it has written one again whose result it has. Neither its answer
    nor its program is the beginning of what it was told.
    """
    settings = turn.settings
    temperature = settings.temperature if turn.repeats == 0 else max(settings.temperature, REPEAT_TEMPERATURE)
    chosen = LocalModelSettings(
        max_tokens=settings.max_request_tokens, temperature=temperature, cache_key=turn.request.cache_key
    )
    probability = _call_probability(settings.call_probability, turn)
    if probability is not None:
        chosen["call_probability"] = probability
    if turn.answer_now or turn.astray >= MUCH_ASTRAY:
        chosen["no_call"] = True
    if turn.program_ids:
        chosen["avoid_beginnings"] = (FAILURE, ASKED, DATA, DONE, VALUE)
    if turn.useless_calls:
        chosen["avoid_calls"] = frozenset(turn.useless_calls)
    if settings.tools != "program":
        chosen["parallel_tool_calls"] = settings.tools == "calls"
    return chosen


def _call_probability(least: float, turn: Turn) -> float | None:
    """From which probability on the model is to act; None where that is left to it. `least` is the setting."""
    if turn.program_ids:
        return min(least, NEEDED_CALL_PROBABILITY) if least < 1 and 0 < turn.astray < MOST_ASTRAY else None
    if least < 1 and turn.request.tables:
        return min(least, DATA_CALL_PROBABILITY)
    if least < 1 and (turn.request.needs_look or turn.functions_named):
        return min(least, NEEDED_CALL_PROBABILITY)
    return None if turn.request.told_all else least


async def _follow(
    run: AgentRun[Turn, str], turn: Turn, remember: Callable[[list[ModelMessage]], None]
) -> tuple[TurnEnd, str]:
    """Drive `run` to its end, passing on what the model writes. Says how it ended, and why if a limit did it."""
    settings = turn.settings
    try:
        async for node in run:
            if Agent.is_model_request_node(node):
                if _says_answer(turn, run.all_messages()):
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
        if not is_cut(run.all_messages()):
            return "refusal", "The model gave neither an answer nor a program that can run."
    if is_cut(run.all_messages()):
        return "max_tokens", why_cut(run.all_messages(), settings)
    return "end_turn", ""


def _says_answer(turn: Turn, messages: Sequence[ModelMessage]) -> bool:
    """Whether the last response is one program, and no more than the answer."""
    return turn.answer != "" and paused_call(messages) is not None
