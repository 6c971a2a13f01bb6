"""Many requests at once: what waits for what, how many there may be, and what each of them takes along."""

import asyncio
import json

import anyio
import pytest

from punie_acp.protocol.lanes import Lane
from punie_acp.protocol.peer import NOTES_OF_A_KIND, Peer
from punie_acp.protocol.stdio import memory_pipe
from tests.protocol.other_side import MAX_LINE, Echo, Wire, connected

pytestmark = pytest.mark.anyio
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Gates:
    """A request named `hold` waits until it is let go; what begins and ends is noted in order."""

    def __init__(self):
        self.story = []
        self.gate = anyio.Event()

    async def request(self, incoming):
        name = incoming.params["name"]
        self.story.append(f"{name} begins")
        try:
            if incoming.method in ("hold", "long"):
                await self.gate.wait()
        finally:
            self.story.append(f"{name} ends")
        return name

    async def notification(self, incoming):
        self.story.append(f"{incoming.params['name']} is noted")


def lane(incoming):
    name = incoming.params.get("lane")
    return Lane(name, holds=incoming.method in ("hold", "quick")) if name else None


def call(number, method, name, lane="a"):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {"name": name, "lane": lane}}


async def test_a_call_waits_for_those_of_its_lane_that_hold_it_and_for_no_others():
    handler = Gates()
    async with connected(handler, lane=lane) as (_, wire):
        await wire.send(call(1, "hold", "load"), call(2, "long", "prompt"), call(3, "quick", "mode"))
        await wire.send({"jsonrpc": "2.0", "method": "stop", "params": {"name": "cancel", "lane": "a"}})
        assert (await wire.ask("quick", {"name": "other", "lane": "b"}, 4))["id"] == 4
        assert (await wire.ask("quick", {"name": "none"}, 5))["id"] == 5
        assert handler.story == ["load begins", "other begins", "other ends", "none begins", "none ends"]

        handler.story.clear()
        handler.gate.set()
        assert {(await wire.answer())["id"] for _ in range(3)} == {1, 2, 3}
        order = [line for line in handler.story if "begins" in line or "noted" in line]
        assert order == ["prompt begins", "mode begins", "cancel is noted"]


async def test_what_waits_in_a_lane_can_be_cancelled_and_the_next_one_still_waits():
    handler = Gates()
    async with connected(handler, lane=lane) as (peer, wire):
        await wire.send(call(1, "hold", "first"), call(2, "hold", "second"), call(3, "quick", "third"))
        await wire.send({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": 2}})
        answer = await wire.answer()
        assert (answer["id"], answer["error"]["code"]) == (2, -32800)
        await wire.ask("quick", {"name": "other"}, 4)
        assert "third begins" not in handler.story
        handler.gate.set()
        assert {(await wire.answer())["id"] for _ in range(2)} == {1, 3}
        assert "second begins" not in handler.story
        assert "first ends" in handler.story[: handler.story.index("third begins")]
        assert peer._lanes._last == {}


async def test_a_notification_holds_no_lane_whatever_its_method_is():
    handler = Gates()
    async with connected(handler, lane=lane) as (_, wire):
        await wire.send({"jsonrpc": "2.0", "method": "hold", "params": {"name": "x", "lane": "a"}})
        assert "result" in await wire.ask("quick", {"name": "y", "lane": "a"})


async def test_lanes_leave_nothing_behind():
    handler = Gates()
    async with connected(handler, lane=lane) as (peer, wire):
        for number in range(50):
            await wire.ask("quick", {"name": "x", "lane": str(number)}, number)
        assert peer._lanes._last == {}
        assert peer._running == {}


async def test_requests_beyond_the_limit_are_refused_and_there_is_room_again_afterwards():
    async with connected(max_requests=3) as (_, wire):
        await wire.send(*({"jsonrpc": "2.0", "id": number, "method": "wait"} for number in range(5)))
        refused = [await wire.answer(), await wire.answer()]
        assert [(answer["id"], answer["error"]["code"]) for answer in refused] == [(3, -32029), (4, -32029)]
        assert "3 requests" in refused[0]["error"]["message"]
        await wire.send({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": 1}})
        assert (await wire.answer())["id"] == 1
        assert "result" in await wire.ask("hello", number=9)


async def test_a_thousand_quick_requests_in_one_write_are_all_answered_in_order():
    async with connected(max_requests=3) as (_, wire):
        lines = b"".join(
            json.dumps({"jsonrpc": "2.0", "id": number, "method": "x"}).encode() + b"\n" for number in range(1000)
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wire.send_stream.send, lines)
            answers = [await wire.answer() for _ in range(1000)]
        assert [answer["id"] for answer in answers if "result" in answer] == list(range(1000))


async def test_a_handler_that_cancels_itself_is_a_fault_and_gets_its_answer():
    class Fragile(Echo):
        async def request(self, incoming):
            if incoming.method == "fragile":
                raise asyncio.CancelledError
            return await super().request(incoming)

    async with connected(Fragile()) as (_, wire):
        assert (await wire.ask("fragile"))["error"]["code"] == -32603
        assert "result" in await wire.ask("hello", number=2)


async def test_a_request_that_never_went_out_is_not_cancelled_over_there():
    ours, theirs = memory_pipe()
    peer, wire = Peer(*ours, Echo(), max_line_bytes=MAX_LINE), Wire(theirs)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(peer.serve)
        with anyio.move_on_after(0.1):  # until nothing fits into the pipe any more, and behind that
            async with anyio.create_task_group() as asking:
                for number in range(40):
                    asking.start_soon(peer.request, f"ask {number}", {})
        lines = [await wire.answer() for _ in range(2)]
        with anyio.move_on_after(0.3):
            while True:
                lines.append(json.loads(await wire.receive_stream.receive()))
        asked = {line["id"] for line in lines if "id" in line}
        cancelled = {line["params"]["requestId"] for line in lines if line["method"] == "$/cancel_request"}
        assert cancelled <= asked
        assert len(asked) < 40
        await wire.aclose()


async def test_answers_to_nobody_fill_no_log():
    async with connected() as (peer, wire):
        for number in range(100):
            await wire.send({"jsonrpc": "2.0", "id": f"nobody {number}", "result": {}})
        await wire.ask("hello")
        assert len(peer.test_log) == NOTES_OF_A_KIND
        assert peer.test_log[-1][1]["more"] == "are not logged"


# The trace context.


@pytest.mark.parametrize(
    ("meta", "trace"),
    [
        ({"traceparent": PARENT}, {"traceparent": PARENT}),
        ({"traceparent": PARENT, "tracestate": "a=1,b=2"}, {"traceparent": PARENT, "tracestate": "a=1,b=2"}),
        ({"traceparent": PARENT, "tracestate": "a=1\nb=2"}, {"traceparent": PARENT}),
        ({"traceparent": PARENT, "tracestate": "a" * 600}, {"traceparent": PARENT}),
        ({"traceparent": PARENT, "tracestate": 7}, {"traceparent": PARENT}),
        ({"tracestate": "a=1"}, {}),
        ({"traceparent": PARENT.upper()}, {}),
        ({"traceparent": "ff" + PARENT[2:]}, {}),
        ({"traceparent": "00-" + "0" * 32 + PARENT[35:]}, {}),
        ({"traceparent": PARENT + "\n"}, {}),
        ({"traceparent": [PARENT]}, {}),
    ],
)
async def test_the_trace_context_is_offered_to_handlers_where_it_is_one(meta, trace):
    class Traced(Echo):
        async def request(self, incoming):
            return {"trace": incoming.trace, "meta": incoming.meta}

    async with connected(Traced()) as (_, wire):
        result = (await wire.ask("x", {"_meta": meta}))["result"]
        assert result == {"trace": trace, "meta": meta}


async def test_our_requests_take_the_trace_context_of_the_one_they_serve():
    class Asking:
        peer = None

        async def request(self, incoming):
            return await self.peer.request("read", {"path": "a", "_meta": {"own": 1}})

        async def notification(self, incoming): ...

    handler = Asking()
    async with connected(handler) as (peer, wire):
        handler.peer = peer
        await wire.send({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"_meta": {"traceparent": PARENT}}})
        asked = await wire.answer()
        assert asked["params"] == {"path": "a", "_meta": {"traceparent": PARENT, "own": 1}}
        await wire.send({"jsonrpc": "2.0", "id": asked["id"], "result": 7})
        assert (await wire.answer())["result"] == 7

        await wire.send({"jsonrpc": "2.0", "id": 2, "method": "x"})
        assert (await wire.answer())["params"] == {"path": "a", "_meta": {"own": 1}}
