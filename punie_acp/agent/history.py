"""The conversation between turns: what is kept of an interrupted one, and what is dropped when it grows too long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic_ai.messages import (
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_ai.messages import ModelMessage


def complete_messages(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """`messages` without a last response whose tool calls were never answered, as an interrupted turn leaves it."""
    kept = list(messages)
    answered = {
        part.tool_call_id
        for message in kept
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart) or part.part_kind == "retry-prompt"
    }
    while kept and _is_open(kept[-1], answered):
        kept.pop()
    return kept


def with_answer(messages: Sequence[ModelMessage], answer: str) -> list[ModelMessage]:
    """`messages` with `answer` in place of the tool calls of their last response: it had been written as a program."""
    *before, last = messages
    assert isinstance(last, ModelResponse)
    kept = [part for part in last.parts if not isinstance(part, ToolCallPart)]
    return [*before, replace(last, parts=[*kept, TextPart(answer)])]


def _is_open(message: ModelMessage, answered: set[str]) -> bool:
    if not isinstance(message, ModelResponse):
        return False
    calls = [part.tool_call_id for part in message.parts if isinstance(part, ToolCallPart)]
    return not message.parts or any(call not in answered for call in calls)


def paused_call(messages: Sequence[ModelMessage]) -> str | None:
    """The id of the one tool call with which a conversation ends, and which has no result yet; None if that is not so.

    Of several, those that had ended would be made again.
    """
    last = messages[-1] if messages else None
    calls = [part for part in last.parts if isinstance(part, ToolCallPart)] if isinstance(last, ModelResponse) else []
    return calls[0].tool_call_id if len(calls) == 1 else None


def calls_of_turn(messages: Sequence[ModelMessage]) -> list[str]:
    """The ids of the tool calls since the last prompt."""
    start = max((index for index, message in enumerate(messages) if _starts_turn(message)), default=0)
    responses = [message for message in messages[start:] if isinstance(message, ModelResponse)]
    return [part.tool_call_id for one in responses for part in one.parts if isinstance(part, ToolCallPart)]


def compacted(messages: Sequence[ModelMessage], budget: int) -> list[ModelMessage]:
    """The newest whole turns that fit `budget` tokens, with at least the newest; all where nothing is known of lengths.

    The last response tells how many tokens the whole conversation had; each turn's share is taken by its characters.
    """
    messages = list(messages)
    total = context_tokens(messages)
    tokens_per_character = total / max(1, sum(map(_characters, messages)))
    starts = [index for index, message in enumerate(messages) if _starts_turn(message)]
    for start in starts:
        if sum(map(_characters, messages[start:])) * tokens_per_character <= budget:
            return messages[start:]
    return messages[starts[-1] :] if starts else messages


def _context(response: ModelResponse) -> int:
    return response.usage.input_tokens + response.usage.output_tokens


def _characters(message: ModelMessage) -> int:
    return sum(len(str(getattr(part, "content", None) or getattr(part, "args", ""))) for part in message.parts)


def _starts_turn(message: ModelMessage) -> bool:
    return isinstance(message, ModelRequest) and any(isinstance(part, UserPromptPart) for part in message.parts)


def write_history(messages: Sequence[ModelMessage]) -> bytes:
    """`messages` as JSON."""
    return ModelMessagesTypeAdapter.dump_json(list(messages))


def read_history(data: bytes) -> list[ModelMessage]:
    """What `write_history` wrote. Raises `ValueError`."""
    return ModelMessagesTypeAdapter.validate_json(data)


def turns_in(messages: Sequence[ModelMessage]) -> int:
    """How many prompts of the user a conversation has."""
    return sum(map(_starts_turn, messages))


def context_tokens(messages: Sequence[ModelMessage]) -> int:
    """How long the conversation was, in the model's own tokens, after the last response; 0 where nobody has counted."""
    return next((_context(message) for message in reversed(messages) if isinstance(message, ModelResponse)), 0)
