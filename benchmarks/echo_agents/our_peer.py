"""Our peer alone, as the SDKs' agents beside it: it answers a prompt, which is a number, with so many updates."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import anyio

from punie_acp.protocol.peer import Peer
from punie_acp.protocol.stdio import stdio_streams

if TYPE_CHECKING:
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Incoming


class Echo:
    """Sends what it is asked for, and does nothing else."""

    peer: Peer

    async def request(self, incoming: Incoming) -> JsonValue:
        """Answer the three methods that a turn takes."""
        params: Any = incoming.params
        if incoming.method == "initialize":
            return {"protocolVersion": 1}
        if incoming.method == "session/new":
            return {"sessionId": uuid.uuid4().hex}
        for number in range(int(params["prompt"][0]["text"])):
            content: JsonValue = {"type": "text", "text": f"w{number:06} "}
            update: JsonValue = {"sessionUpdate": "agent_message_chunk", "content": content}
            await self.peer.notify("session/update", {"sessionId": params["sessionId"], "update": update})
        return {"stopReason": "end_turn"}

    async def notification(self, incoming: Incoming) -> None:
        """Nothing is to be noted."""


async def main() -> None:
    """Serve stdin and stdout."""
    async with stdio_streams() as end:
        handler = Echo()
        handler.peer = Peer(*end, handler, max_line_bytes=1_000_000)
        await handler.peer.serve()


anyio.run(main)
