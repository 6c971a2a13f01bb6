"""An agent of the Python SDK that answers a prompt, which is a number, with so many updates."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from acp import (
    PROTOCOL_VERSION,
    Agent,
    InitializeResponse,
    NewSessionResponse,
    PromptResponse,
    run_agent,
    update_agent_message_text,
)


class Echo(Agent):
    """Sends what it is asked for, and does nothing else."""

    def on_connect(self, conn: Any) -> None:  # noqa: ANN401 - the SDK's own signature
        self._client = conn

    async def initialize(self, **_: object) -> InitializeResponse:
        return InitializeResponse(protocol_version=PROTOCOL_VERSION)

    async def new_session(self, **_: object) -> NewSessionResponse:
        return NewSessionResponse(session_id=uuid.uuid4().hex)

    async def prompt(self, prompt: list[Any], session_id: str, **_: object) -> PromptResponse:
        for number in range(int(prompt[0].text)):
            await self._client.session_update(session_id, update_agent_message_text(f"w{number:06} "))
        return PromptResponse(stop_reason="end_turn")


asyncio.run(run_agent(Echo()))
