"""One prompt turn of the agent: a pydantic-ai `Agent` with one tool, `execute_code`, over any pydantic-ai model."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import anyio
from pydantic_ai import Agent, RunContext, Tool, UsageLimits
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import (
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_core import from_json

from punie_acp.agent.events import ProgramDropped, ProgramWritten, TextDelta, ThoughtDelta, TurnUsage
from punie_acp.agent.history import complete_messages
from punie_acp.agent.instructions import instructions, outcome_text
from punie_acp.codemode.events import ProgramLimits
from punie_acp.inference.model import LocalModelSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Sequence

    from pydantic_ai.messages import AgentStreamEvent, ModelMessage
    from pydantic_ai.models import Model
    from pydantic_ai.run import AgentRun
    from pydantic_ai.settings import ModelSettings

    from punie_acp.agent.events import TurnEnd, TurnObserver
    from punie_acp.codemode.sandbox import Sandbox
    from punie_acp.settings import Settings

TOOL_NAME = "execute_code"
REPEAT_TEMPERATURE = 0.7


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a turn is asked, of which model, and what was said before."""

    prompt: str
    turn_id: str  # "t1"
    model: Model
    history: Sequence[ModelMessage]
    cache_key: str  # names the conversation's KV cache


@dataclass(frozen=True, slots=True)
class TurnResult:
    """How a turn ended. `reason` says in a sentence what limit ended it, if one did."""

    end: TurnEnd
    usage: TurnUsage
    reason: str = ""


class _CallsExhaustedError(Exception):
    """The turn has made all the external calls it may make."""


@dataclass(slots=True)
class _Turn:
    """What one turn keeps while it runs: pydantic-ai hands it to the tool as `deps`."""

    turn_id: str
    sandbox: Sandbox
    observer: TurnObserver
    settings: Settings
    began: float = field(default_factory=time.monotonic)
    program_ids: dict[str, str] = field(default_factory=dict[str, str])  # by the model's tool call id
    texts: int = 0
    external_calls: int = 0
    failed_programs: set[str] = field(default_factory=set[str])
    repeats: int = 0  # how often a failed program was written again
    first_token_seconds: float | None = None

    def program_id(self, tool_call_id: str) -> str:
        return self.program_ids.setdefault(tool_call_id, f"{self.turn_id}/p{len(self.program_ids) + 1}")


def program_limits(settings: Settings, calls_made: int = 0) -> ProgramLimits:
    """What a program may use, after the turn has made `calls_made` external calls."""
    return ProgramLimits(
        seconds=settings.program_seconds,
        memory_bytes=settings.program_memory_mib * 1024 * 1024,
        output_bytes=settings.program_output_bytes,
        recursion=settings.program_recursion,
        calls=settings.max_external_calls - calls_made,
        command_seconds=settings.command_seconds,
    )


async def execute_code(ctx: RunContext[_Turn], code: str) -> str:
    """Run a Python program in the project and return what it printed.

    Args:
        ctx: the turn.
        code: the program.
    """
    turn = ctx.deps
    program_id = turn.program_id(ctx.tool_call_id or f"call{len(turn.program_ids)}")
    objection = _objection(ctx, code)
    if objection is not None:
        await turn.observer.emit(ProgramDropped(program_id, objection))
        return objection
    await turn.observer.emit(ProgramWritten(program_id, code, complete=True))
    limits = program_limits(turn.settings, turn.external_calls)
    outcome = await turn.sandbox.run(code, program_id=program_id, observer=turn.observer, limits=limits)
    turn.external_calls += outcome.calls
    if outcome.error is not None:
        turn.failed_programs.add(code.strip())
    if turn.external_calls >= turn.settings.max_external_calls:
        raise _CallsExhaustedError
    return outcome_text(outcome)


def _objection(ctx: RunContext[_Turn], code: str) -> str | None:
    """Why a program is not even begun, for the model and the user to read."""
    turn = ctx.deps
    if _is_cut(ctx.messages):
        limit = turn.settings.max_request_tokens
        return f"The program did not run: it was cut after {limit} tokens. Write a shorter one, or split the work."
    if code.strip() in turn.failed_programs:
        turn.repeats += 1
        return "The program did not run: it is the one that failed before, word for word. Write a different one."
    return None


_tool = Tool(execute_code, sequential=True)
_agent: Agent[_Turn, str] = Agent(deps_type=_Turn, tools=[_tool], instructions=instructions(), retries=2)


async def warm(model: Model, *, settings: Settings, cache_key: str) -> None:
    """Have a local model read the instructions, so that the first prompt of a session need not wait for that."""
    await model_request(
        model,
        [ModelRequest(parts=[UserPromptPart("Hello")], instructions=instructions())],
        model_settings={**_model_settings(settings, cache_key), "max_tokens": 1},
        model_request_parameters=ModelRequestParameters(function_tools=[_tool.tool_def], allow_text_output=True),
    )


async def run_turn(
    request: TurnRequest,
    *,
    sandbox: Sandbox,
    observer: TurnObserver,
    settings: Settings,
    remember: Callable[[list[ModelMessage]], None],
) -> TurnResult:
    """Answer a prompt. Cancelling the caller stops the model at the next token and the program at once.

    `remember` is given the whole conversation, however the turn ends. Raises what the model raises; a limit does not
    raise, it ends the turn.
    """
    turn = _Turn(request.turn_id, sandbox, observer, settings)
    messages = list(request.history)
    end: TurnEnd = "max_turn_requests"
    reason = f"It took longer than {settings.max_turn_seconds:g} s."
    with anyio.move_on_after(settings.max_turn_seconds):
        async with _agent.iter(
            request.prompt,
            model=request.model,
            message_history=messages,
            deps=turn,
            model_settings=lambda ctx: _model_settings(settings, request.cache_key, repeats=ctx.deps.repeats),
            usage_limits=UsageLimits(
                request_limit=settings.max_model_requests, output_tokens_limit=settings.max_turn_tokens
            ),
        ) as run:
            try:
                end, reason = await _follow(run, turn)
            finally:
                messages = complete_messages(run.all_messages())
                remember(messages)
    return TurnResult(end, _usage(turn, messages[len(request.history) :]), reason)


def _model_settings(settings: Settings, cache_key: str, *, repeats: int = 0) -> ModelSettings:
    """A model that repeats itself word for word at temperature 0 does so for ever: then it is raised."""
    temperature = settings.temperature if repeats == 0 else max(settings.temperature, REPEAT_TEMPERATURE)
    return LocalModelSettings(max_tokens=settings.max_request_tokens, temperature=temperature, cache_key=cache_key)


async def _follow(run: AgentRun[_Turn, str], turn: _Turn) -> tuple[TurnEnd, str]:
    """Drive `run` to its end, passing on what the model writes. Says how it ended, and why if a limit did it."""
    settings = turn.settings
    try:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    await _pass_on(stream, turn)
    except UsageLimitExceeded as exceeded:
        if "output_tokens" in str(exceeded):
            return "max_tokens", f"It wrote more than {settings.max_turn_tokens} tokens."
        return "max_turn_requests", f"It asked the model {settings.max_model_requests} times."
    except _CallsExhaustedError:
        return "max_turn_requests", f"It made {turn.external_calls} external calls."
    except UnexpectedModelBehavior:
        if not _is_cut(run.all_messages()):
            return "refusal", "The model gave neither an answer nor a program that can run."
    if _is_cut(run.all_messages()):
        return "max_tokens", f"One request may write {settings.max_request_tokens} tokens."
    return "end_turn", ""


def _is_cut(messages: Sequence[ModelMessage]) -> bool:
    """Whether the last response ended at the limit of tokens."""
    last = next((message for message in reversed(messages) if isinstance(message, ModelResponse)), None)
    return last is not None and last.finish_reason == "length"


async def _pass_on(stream: AsyncIterable[AgentStreamEvent], turn: _Turn) -> None:
    writer = _Writer(turn)
    async for event in stream:
        if turn.first_token_seconds is None:
            turn.first_token_seconds = time.monotonic() - turn.began
        if isinstance(event, PartStartEvent):
            await writer.start(event)
        elif isinstance(event, PartDeltaEvent):
            await writer.extend(event)
        elif isinstance(event, PartEndEvent) and isinstance(event.part, ToolCallPart):
            await writer.end_call(event.part)


@dataclass(slots=True)
class _Writer:
    """Turns the parts of one model response into events."""

    turn: _Turn
    message_id: str = ""
    arguments: str = ""  # of the call that is being written, JSON so far
    program_id: str = ""

    async def start(self, event: PartStartEvent) -> None:
        part = event.part
        if isinstance(part, TextPart | ThinkingPart):
            self.turn.texts += 1
            self.message_id = f"{self.turn.turn_id}/m{self.turn.texts}"
            await self._say(part.content, thought=isinstance(part, ThinkingPart))
        elif isinstance(part, ToolCallPart) and part.tool_name == TOOL_NAME:
            self.program_id = self.turn.program_id(part.tool_call_id)
            self.arguments = part.args if isinstance(part.args, str) else ""
            await self._show()

    async def extend(self, event: PartDeltaEvent) -> None:
        delta = event.delta
        if isinstance(delta, TextPartDelta):
            await self._say(delta.content_delta, thought=False)
        elif isinstance(delta, ThinkingPartDelta):
            await self._say(delta.content_delta or "", thought=True)
        elif isinstance(delta, ToolCallPartDelta) and isinstance(delta.args_delta, str):
            self.arguments += delta.args_delta
            await self._show()

    async def end_call(self, part: ToolCallPart) -> None:
        """Say so if a program that was shown is not one that can run; pydantic-ai then asks the model again."""
        if part.tool_name == TOOL_NAME and _code(part.args_as_json_str()) is None:
            program_id = self.turn.program_id(part.tool_call_id)
            await self.turn.observer.emit(ProgramDropped(program_id, "the call of execute_code was malformed"))

    async def _say(self, text: str, *, thought: bool) -> None:
        if text:
            kind = ThoughtDelta if thought else TextDelta
            await self.turn.observer.emit(kind(self.message_id, text))

    async def _show(self) -> None:
        if self.program_id:
            await self.turn.observer.emit(ProgramWritten(self.program_id, _code(self.arguments) or ""))


def _code(arguments: str) -> str | None:
    """The program in the arguments of a call, which may be an unfinished piece of JSON."""
    try:
        value: Any = from_json(arguments, allow_partial="trailing-strings")
    except ValueError:
        return None
    code = value.get("code") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return code if isinstance(code, str) else None


def _usage(turn: _Turn, messages: Sequence[ModelMessage]) -> TurnUsage:
    usage = TurnUsage(
        programs=len(turn.program_ids),
        external_calls=turn.external_calls,
        first_token_seconds=turn.first_token_seconds,
        seconds=time.monotonic() - turn.began,
    )
    for response in messages:
        if isinstance(response, ModelResponse):
            usage = _add(usage, response)
    return usage


def _add(usage: TurnUsage, response: ModelResponse) -> TurnUsage:
    details = response.provider_details or {}
    tokens = response.usage
    return replace(
        usage,
        model_requests=usage.model_requests + 1,
        input_tokens=usage.input_tokens + tokens.input_tokens,
        cached_tokens=usage.cached_tokens + tokens.cache_read_tokens,
        output_tokens=usage.output_tokens + tokens.output_tokens,
        context_tokens=tokens.input_tokens + tokens.output_tokens,
        prefill_seconds=usage.prefill_seconds + float(details.get("prefill_seconds", 0.0)),
        decode_seconds=usage.decode_seconds + float(details.get("decode_seconds", 0.0)),
    )
