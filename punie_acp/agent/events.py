"""What an agent tells while a turn runs: what the model writes, and everything its programs do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from punie_acp.codemode import events as codemode

if TYPE_CHECKING:
    from punie_acp.codemode.events import CallRequested, Decision


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer."""

    message_id: str  # one for each text the model writes: "<turn>/m<n>"
    text: str


@dataclass(frozen=True, slots=True)
class ThoughtDelta:
    """A piece of the model's reasoning, or of a notice that is not part of the answer."""

    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ProgramWritten:
    """The model is writing a program. `code` is all of it so far; `complete` tells that it has been written."""

    program_id: str
    code: str
    complete: bool = False


@dataclass(frozen=True, slots=True)
class ProgramDropped:
    """A program that was begun will not run, because the model's call of `execute_code` was not one."""

    program_id: str
    reason: str


AgentEvent = TextDelta | ThoughtDelta | ProgramWritten | ProgramDropped | codemode.Event


class TurnObserver(Protocol):
    """Who watches a turn. As `codemode.Observer`, for what the model writes as well."""

    async def emit(self, event: AgentEvent) -> None:
        """Take note of `event`. Called in the order in which things happen; may wait."""
        ...

    async def permit(self, call: CallRequested) -> Decision:
        """Decide about an external call that has been emitted before."""
        ...


TurnEnd = Literal["end_turn", "max_tokens", "max_turn_requests", "refusal"]
"""ACP's stop reasons, without `cancelled`: a cancelled turn has no result."""


@dataclass(frozen=True, slots=True)
class TurnUsage:
    """What a turn cost. Tokens are counted by the model's own tokenizer; times are seconds."""

    model_requests: int = 0
    programs: int = 0
    external_calls: int = 0
    input_tokens: int = 0  # in all requests together, cached ones included
    cached_tokens: int = 0  # of those, how many the KV cache already held
    output_tokens: int = 0
    context_tokens: int = 0  # the conversation's length after the last request
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0
    first_token_seconds: float | None = None  # from the prompt's arrival
    seconds: float = 0.0
