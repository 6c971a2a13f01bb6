"""A peer in memory, and what is at its other side, line by line."""

import json
from contextlib import asynccontextmanager

import anyio

from punie_acp.protocol.errors import RpcError
from punie_acp.protocol.peer import Peer
from punie_acp.protocol.stdio import memory_pipe

MAX_LINE = 10_000


class Echo:
    """Answers with what it was asked; some methods misbehave."""

    def __init__(self):
        self.noted = []
        self.cancelled = 0

    async def request(self, incoming):
        if incoming.method == "fail":
            raise RuntimeError("a secret detail")
        if incoming.method == "refuse":
            raise RpcError(-32002, "no such thing", {"what": "thing"})
        if incoming.method == "odd":
            return {"value": object()}
        if incoming.method == "wait":
            try:
                await anyio.sleep_forever()
            finally:
                self.cancelled += 1
        return {"method": incoming.method, "params": incoming.params, "meta": incoming.meta}

    async def notification(self, incoming):
        if incoming.method == "fail":
            raise RuntimeError("noted badly")
        self.noted.append(incoming.method)


class Wire:
    """The other side, line by line."""

    def __init__(self, end):
        self.receive_stream, self.send_stream = end
        self.pending = b""

    async def send(self, *messages):
        for message in messages:
            line = message if isinstance(message, bytes) else json.dumps(message).encode()
            await self.send_stream.send(line + b"\n")

    async def answer(self):
        with anyio.fail_after(3):
            while b"\n" not in self.pending:
                self.pending += await self.receive_stream.receive()
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    async def ask(self, method, params=None, number=1):
        await self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})
        return await self.answer()

    async def aclose(self):
        await self.send_stream.aclose()
        await self.receive_stream.aclose()


@asynccontextmanager
async def connected(handler=None, **options):
    """A peer that serves `handler`, and its other side. On leaving, it has ended."""
    ours, theirs = memory_pipe()
    log = []
    peer = Peer(
        *ours,
        handler or Echo(),
        max_line_bytes=MAX_LINE,
        log=lambda event, facts: log.append((event, facts)),
        **options,
    )
    peer.test_log = log
    wire = Wire(theirs)
    ended = anyio.Event()

    async def serve():
        await peer.serve()
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        yield peer, wire
        await wire.aclose()
        with anyio.fail_after(3):
            await ended.wait()
