"""OpenAI's chat completions as pydantic-ai's messages, and a response of the model as one of theirs."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.tools import ToolDefinition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Object: TypeAlias = "dict[str, Any]"


class WireError(ValueError):
    """A request that this server cannot serve. One sentence."""


class Memory:
    """The responses that were given, by what they said: told again, each keeps the tokens that it was made of."""

    def __init__(self) -> None:
        self._responses: dict[object, ModelResponse] = {}

    def keep(self, response: ModelResponse) -> None:
        """Remember a response."""
        self._responses[_said(response)] = response

    def recall(self, response: ModelResponse) -> ModelResponse:
        """The response that was given in these words, or this one."""
        return self._responses.get(_said(response), response)


def _said(response: ModelResponse) -> object:
    return tuple(
        (part.tool_name, part.args_as_json_str(), part.tool_call_id) if isinstance(part, ToolCallPart) else part.content
        for part in response.parts
        if isinstance(part, ToolCallPart | TextPart)
    )


def to_messages(told: Sequence[Mapping[str, Any]], memory: Memory) -> list[ModelMessage]:
    """The conversation as pydantic-ai has it. Raises `WireError`."""
    messages: list[ModelMessage] = []
    names: dict[str, str] = {}
    for one in told:
        if one.get("role") == "assistant":
            response = memory.recall(_response(one))
            names |= {part.tool_call_id: part.tool_name for part in response.parts if isinstance(part, ToolCallPart)}
            messages.append(response)
            continue
        part = _part(one, names)
        if messages and isinstance(messages[-1], ModelRequest):
            messages[-1] = ModelRequest([*messages[-1].parts, part])
        else:
            messages.append(ModelRequest([part]))
    if not messages or isinstance(messages[-1], ModelResponse):
        raise WireError("a conversation ends with a message that is not the assistant's")
    return messages


def _response(one: Mapping[str, Any]) -> ModelResponse:
    parts: list[TextPart | ToolCallPart] = []
    if text := _text(one.get("content")):
        parts.append(TextPart(text))
    for call in one.get("tool_calls") or ():
        function = call["function"]
        parts.append(ToolCallPart(function["name"], function["arguments"], call["id"]))
    return ModelResponse(parts)


def _part(one: Mapping[str, Any], names: Mapping[str, str]) -> ModelRequestPart:
    text = _text(one.get("content"))
    match one.get("role"):
        case "system" | "developer":
            return SystemPromptPart(text)
        case "user":
            return UserPromptPart(text)
        case "tool":
            call_id = str(one.get("tool_call_id"))
            return ToolReturnPart(names.get(call_id, "unknown"), text, call_id)
        case role:
            raise WireError(f"there is no role {role!r}")


def _text(content: object) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise WireError("the content of a message is text")
    pieces: list[str] = []
    for piece in content:  # pyright: ignore[reportUnknownVariableType]
        if not isinstance(piece, dict) or piece.get("type") != "text":  # pyright: ignore[reportUnknownMemberType]
            raise WireError("this model takes text only")
        pieces.append(str(piece["text"]))  # pyright: ignore[reportUnknownArgumentType]
    return "".join(pieces)


def to_tools(told: Iterable[Mapping[str, Any]]) -> list[ToolDefinition]:
    """The functions that the model may call."""
    functions = [one["function"] for one in told]
    return [
        ToolDefinition(
            name=function["name"],
            description=function.get("description"),
            parameters_json_schema=function.get("parameters") or {"type": "object", "properties": {}},
        )
        for function in functions
    ]


def completion(response: ModelResponse, model: str) -> Object:
    """A response as a `chat.completion`."""
    calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    message: Object = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = [
            {
                "id": call.tool_call_id,
                "type": "function",
                "function": {"name": call.tool_name, "arguments": call.args_as_json_str()},
            }
            for call in calls
        ]
    usage = response.usage
    reason = "length" if response.finish_reason == "length" else "tool_calls" if calls else "stop"
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        },
    }
