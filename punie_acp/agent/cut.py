"""Responses that ended before they were complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_ai.messages import ModelResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_ai.messages import ModelMessage

    from punie_acp.settings import Settings


def is_cut(messages: Sequence[ModelMessage]) -> bool:
    """Whether the last response ended before it was complete."""
    last = _last_response(messages)
    return last is not None and last.finish_reason == "length"


def why_cut(messages: Sequence[ModelMessage], settings: Settings) -> str:
    last = _last_response(messages)
    if last is not None and (last.provider_details or {}).get("repetition"):
        return "It repeated itself without end."
    return f"One request may write {settings.max_request_tokens} tokens."


def _last_response(messages: Sequence[ModelMessage]) -> ModelResponse | None:
    return next((message for message in reversed(messages) if isinstance(message, ModelResponse)), None)
