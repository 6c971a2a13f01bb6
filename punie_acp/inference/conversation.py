"""pydantic-ai's messages as the turns of a chat, and what is kept with a response so that it can be told again exactly.

The KV cache of a session fits only as long as the conversation is told in the same tokens each time. So a response
carries the tokens that it was made of, and they are used again wherever they still say what its parts say.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import (
    BinaryContent,
    ModelResponse,
    SystemPromptPart,
    TextContent,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from punie_acp.inference.chat import ChatMessage, Data, Piece, Tokens
from punie_acp.inference.dialects import Tool
from punie_acp.inference.types import Avoided

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pydantic_ai.messages import ModelMessage, ModelRequest, ModelRequestPart, ModelResponsePart, UserContent
    from pydantic_ai.tools import ToolDefinition

    from punie_acp.inference.chat import Chat
    from punie_acp.inference.dialects import Dialect


def to_tools(definitions: Iterable[ToolDefinition]) -> tuple[Tool, ...]:
    """pydantic-ai's tools as the dialects know them."""
    return tuple(Tool(each.name, each.description or "", each.parameters_json_schema) for each in definitions)


class Conversation:
    """Tells a history in one dialect, through one chat template."""

    def __init__(self, chat: Chat, dialect: Dialect, tools: Sequence[Tool]) -> None:
        self._chat = chat
        self._dialect = dialect
        self._tools = tools
        # A template explains the calls of its own dialect, and only where it was made for tools.
        self._template_explains = bool(tools) and chat.knows_tools and teaches(chat.template, dialect)

    def tokens(
        self, messages: Sequence[ModelMessage], instructions: Sequence[str], own: Sequence[str] = ()
    ) -> tuple[int, ...]:
        """The prompt, (time,). `instructions` follow the standing system prompt; after the dialect's stand `own` ones.

        What all conversations have in common is first, so that its keys and values are. Raises `UserError`,
        `EngineError`.
        """
        turns = [self._system(messages, instructions, own)]
        for index, message in enumerate(messages):
            turns += self._told(message, first=index == 0)
        tools = [tool.as_function() for tool in self._tools] if self._template_explains else None
        return self._chat.tokens([turn for turn in turns if turn.content], tools)

    def _system(self, messages: Sequence[ModelMessage], instructions: Sequence[str], own: Sequence[str]) -> ChatMessage:
        standing = [part.content for part in messages[0].parts if isinstance(part, SystemPromptPart)]
        dialect = "" if self._template_explains else self._dialect.instructions(self._tools)
        text = "\n\n".join(filter(None, (*standing, *instructions, dialect, *own)))
        return ChatMessage("system", (text,) if text else ())

    def _told(self, message: ModelMessage, *, first: bool) -> list[ChatMessage]:
        if isinstance(message, ModelResponse):
            return [ChatMessage("assistant", self._said(message))]
        return self._asked(message, first=first)

    def _asked(self, request: ModelRequest, *, first: bool) -> list[ChatMessage]:
        parts = [part for part in request.parts if not (first and isinstance(part, SystemPromptPart))]
        return [self._turn(part) for part in parts]

    def _turn(self, part: ModelRequestPart) -> ChatMessage:
        match part:
            case ToolReturnPart():
                return self._result(part)
            case UserPromptPart():
                return ChatMessage("user", (Data(_user_text(part.content)),))
            case SystemPromptPart():
                return ChatMessage("user", (Data(part.content),))
            case _:
                raise UserError(f"{type(part).__name__} must go through `Model.prepare_messages` first.")

    def _result(self, part: ToolReturnPart[Any]) -> ChatMessage:
        role = self._dialect.result_role if self._chat.knows_tool_role else "user"
        failed = part.outcome != "success"
        before, after = self._dialect.frame_result(role, failed=failed)
        text = Data(part.model_response_str(wrap_if_error=False))
        return ChatMessage(role, tuple(piece for piece in (before, text, after) if piece))

    def _said(self, response: ModelResponse) -> tuple[Piece, ...]:
        if tokens := recall(response, self._chat, self._dialect):
            return (Tokens(tokens),)
        texts = [part.content.strip() for part in response.parts if isinstance(part, TextPart)]
        calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
        rendered = [self._dialect.render_call(call.tool_name, call.args_as_dict()) for call in calls]
        text = "\n".join(filter(None, (*texts, *rendered)))
        return (text,) if text else ()


def teaches(template: str, dialect: Dialect) -> bool:
    """Whether the chat template explains calls in `dialect`."""
    from punie_acp.inference.dialects import sniff_dialect

    return sniff_dialect(template) == dialect.name


def keepsake(tokens: Sequence[int], parts: Sequence[ModelResponsePart], chat: Chat, dialect: Dialect) -> dict[str, Any]:
    """What a response keeps in its `provider_details`, for `recall`. JSON."""
    return {
        "raw_tokens": list(tokens),
        "tokenizer": chat.fingerprint,
        "dialect": dialect.name,
        "digest": _digest(parts),
    }


def recall(response: ModelResponse, chat: Chat, dialect: Dialect) -> tuple[int, ...] | None:
    """The tokens that `response` was made of; None where another model made it, or its parts have been changed."""
    details = response.provider_details or {}
    known = (details.get("tokenizer"), details.get("dialect"), details.get("digest"))
    if known != (chat.fingerprint, dialect.name, _digest(response.parts)):
        return None
    return tuple(cast("list[int]", details["raw_tokens"]))


def avoided(
    messages: Iterable[ModelMessage], calls: Collection[str], chat: Chat, dialect: Dialect
) -> tuple[Avoided, ...]:
    """The responses that made one of `calls` (ids), with the place at which another one is to differ from each."""
    found: list[Avoided] = []
    for message in messages:
        if not isinstance(message, ModelResponse) or not _makes(message, calls):
            continue
        at = (message.provider_details or {}).get("least_certain")
        tokens = recall(message, chat, dialect)
        if tokens and isinstance(at, int) and at < len(tokens):
            found.append(Avoided(tokens, at))
    return tuple(found)


def _makes(response: ModelResponse, calls: Collection[str]) -> bool:
    return any(isinstance(part, ToolCallPart) and part.tool_call_id in calls for part in response.parts)


def _digest(parts: Sequence[ModelResponsePart]) -> str:
    text = "".join(part.content for part in parts if isinstance(part, TextPart)).strip()
    calls = [(part.tool_name, part.args_as_dict()) for part in parts if isinstance(part, ToolCallPart)]
    return hashlib.sha256(json.dumps([text, calls], sort_keys=True).encode()).hexdigest()[:16]


def _user_text(content: str | Sequence[UserContent]) -> str:
    if isinstance(content, str):
        return content
    return "\n\n".join(_item_text(item) for item in content if getattr(item, "kind", "") != "cache-point")


def _item_text(item: UserContent) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, TextContent):
        return item.content
    if isinstance(item, BinaryContent):  # of a turn that another model has answered
        return f"({item.media_type} that this model cannot read)"
    raise UserError(f"This model reads text only; it cannot be sent {type(item).__name__}.")
