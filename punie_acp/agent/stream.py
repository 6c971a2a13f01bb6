"""What the model writes, passed on while it is decoded: text, thoughts, and programs letter by letter."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import (
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_core import from_json

from punie_acp.agent.ahead import reading_ahead
from punie_acp.agent.events import ProgramDropped, ProgramWritten, TextDelta, ThoughtDelta

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

    from pydantic_ai.messages import AgentStreamEvent

    from punie_acp.agent.turn import Turn

TOOL_NAME = "execute_code"


async def pass_on(stream: AsyncIterable[AgentStreamEvent], turn: Turn) -> None:
    """Tell the turn's observer what the model writes, as it writes it, and read ahead what programs will read."""
    async with reading_ahead(turn) as ahead:
        writer = _Writer(turn, ahead)
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

    turn: Turn
    ahead: Callable[[str, str], None]  # is told what there is of which program
    message_id: str = ""
    arguments: str = ""  # of the call that is being written, JSON so far
    program_id: str = ""

    async def start(self, event: PartStartEvent) -> None:
        part = event.part
        if isinstance(part, TextPart | ThinkingPart):
            self.message_id = self.turn.next_message_id()
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
            code = _code(self.arguments) or ""
            await self.turn.observer.emit(ProgramWritten(self.program_id, code))
            self.ahead(self.program_id, code)


def _code(arguments: str) -> str | None:
    """The program in the arguments of a call, which may be an unfinished piece of JSON."""
    try:
        value: Any = from_json(arguments, allow_partial="trailing-strings")
    except ValueError:
        return None
    code = value.get("code") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return code if isinstance(code, str) else None
