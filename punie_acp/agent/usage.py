"""What a turn cost, summed over its model requests."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic_ai.messages import ModelResponse

from punie_acp.agent.events import TurnUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_ai.messages import ModelMessage

    from punie_acp.agent.turn import Turn


def usage_of(turn: Turn, messages: Sequence[ModelMessage]) -> TurnUsage:
    """The cost of `turn`, whose own messages are `messages`."""
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
