"""The peer: what it answers to what clients send, how it asks, how it is cancelled, how it ends."""

import json

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_acp.protocol.errors import RpcError
from punie_acp.protocol.peer import Peer
from punie_acp.protocol.stdio import memory_pipe
from tests.protocol.other_side import MAX_LINE, Echo, Wire, connected

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


BAD_LINES = [
    (b"not json", -32700, None),
    (b"\xff\xfe", -32700, None),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"n": NaN}}', -32700, None),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"n": 1e999}}', -32700, None),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"n": ' + b"9" * 5000 + b"}}", -32700, None),
    (b"[" * 5000, -32700, None),
    ('{"jsonrpc": "2.0", "id": 1, "method": "x"}'.encode("utf-16"), -32700, None),
    (b"[]", -32600, None),
    (b'"x"', -32600, None),
    (b"42", -32600, None),
    (b"null", -32600, None),
    (b"{}", -32600, None),
    (b'{"id": 1, "method": "x"}', -32600, 1),
    (b'{"jsonrpc": "1.0", "id": 1, "method": "x"}', -32600, 1),
    (b'{"jsonrpc": "2.0", "id": 1}', -32600, 1),
    (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600, 1),
    (b'{"jsonrpc": "2.0", "id": true, "method": "x"}', -32600, None),
    (b'{"jsonrpc": "2.0", "id": 1.5, "method": "x"}', -32600, None),
    (b'{"jsonrpc": "2.0", "id": "\\ud800", "method": "x"}', -32600, None),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": [1]}', -32602, 1),
    (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"_meta": 1}}', -32602, 1),
    (b"x" * (MAX_LINE + 1), -32600, None),
]


@pytest.mark.parametrize(
    ("line", "code", "number"), BAD_LINES, ids=[line[:40].decode("latin-1") for line, *_ in BAD_LINES]
)
async def test_a_bad_line_is_answered_once_and_the_next_one_is_served(line, code, number):
    async with connected() as (_, wire):
        await wire.send(line)
        answer = await wire.answer()
        assert (answer["error"]["code"], answer["id"]) == (code, number)
        assert (await wire.ask("hello", number=7))["id"] == 7


@pytest.mark.parametrize(
    "line",
    [b"", b"   ", b'{"jsonrpc": "2.0", "method": "note", "params": 3}', b'{"jsonrpc": "2.0", "id": 9, "result": 1}'],
)
async def test_what_has_nobody_to_answer_to_is_passed_over(line):
    async with connected() as (_, wire):
        await wire.send(line)
        assert (await wire.ask("hello", number=7))["id"] == 7


async def test_meta_is_kept_apart_from_parameters():
    async with connected() as (_, wire):
        answer = await wire.ask("x", {"cwd": "/a", "_meta": {"cwd": "/etc", "traceparent": "00"}})
        assert answer["result"] == {
            "method": "x",
            "params": {"cwd": "/a"},
            "meta": {"cwd": "/etc", "traceparent": "00"},
        }


@pytest.mark.parametrize("number", [0, -3, "id", "", None, 2**53])
async def test_an_id_comes_back_as_it_was(number):
    async with connected() as (_, wire):
        assert (await wire.ask("x", number=number))["id"] == number


async def test_a_handler_s_fault_is_an_internal_error_without_its_details():
    async with connected() as (peer, wire):
        answer = await wire.ask("fail")
        assert answer["error"]["code"] == -32603
        assert "secret" not in json.dumps(answer)
        assert "a secret detail" in peer.test_log[0][1]["traceback"]
        assert (await wire.ask("odd"))["error"]["code"] == -32603
        assert "result" in await wire.ask("hello")


async def test_a_handler_s_refusal_goes_over_as_it_is():
    async with connected() as (_, wire):
        error = (await wire.ask("refuse"))["error"]
        assert error == {"code": -32002, "message": "no such thing", "data": {"what": "thing"}}


async def test_a_failing_notification_is_logged_and_the_next_is_noted():
    handler = Echo()
    async with connected(handler) as (peer, wire):
        await wire.send({"jsonrpc": "2.0", "method": "fail"}, {"jsonrpc": "2.0", "method": "note"})
        await wire.ask("hello")
        assert handler.noted == ["note"]
        assert peer.test_log[0][0] == "a notification failed"


@pytest.mark.parametrize("number", [5, "five", None])
async def test_a_request_can_be_cancelled_and_is_answered_once(number):
    handler = Echo()
    async with connected(handler) as (_, wire):
        await wire.send(
            {"jsonrpc": "2.0", "id": number, "method": "wait"},
            {"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": number}},
            {"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": number}},
        )
        answer = await wire.answer()
        assert (answer["id"], answer["error"]["code"]) == (number, -32800)
        assert (await wire.ask("hello", number=8))["id"] == 8
        assert handler.cancelled == 1


async def test_an_id_in_use_is_refused_and_the_first_request_goes_on():
    async with connected() as (_, wire):
        await wire.send({"jsonrpc": "2.0", "id": 5, "method": "wait"}, {"jsonrpc": "2.0", "id": 5, "method": "x"})
        answer = await wire.answer()
        assert (answer["id"], answer["error"]["code"]) == (None, -32600)
        await wire.send({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": 5}})
        assert (await wire.answer())["id"] == 5


async def test_requests_run_side_by_side():
    async with connected() as (_, wire):
        await wire.send({"jsonrpc": "2.0", "id": 5, "method": "wait"})
        assert (await wire.ask("hello", number=6))["id"] == 6


async def test_our_requests_are_answered_in_any_order():
    async with connected() as (peer, wire):
        results = {}

        async def ask(name):
            results[name] = await peer.request(name, {"name": name})

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, "a")
            tasks.start_soon(ask, "b")
            first, second = await wire.answer(), await wire.answer()
            for request in (second, first):
                await wire.send({"jsonrpc": "2.0", "id": request["id"], "result": request["params"]["name"] * 2})
        assert results == {"a": "aa", "b": "bb"}


async def test_an_error_of_the_other_side_is_raised():
    async with connected() as (peer, wire):

        async def refuse():
            request = await wire.answer()
            await wire.send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32002, "message": "no"}})

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(refuse)
            with pytest.raises(RpcError, match="no") as raised:
                await peer.request("x", {})
        assert raised.value.code == -32002


async def test_a_request_of_ours_that_is_abandoned_is_cancelled_over_there_and_its_late_answer_ignored():
    async with connected() as (peer, wire):
        with anyio.move_on_after(0.05):
            await peer.request("slow", {})
        request, cancel = await wire.answer(), await wire.answer()
        assert cancel == {"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": request["id"]}}
        await wire.send({"jsonrpc": "2.0", "id": request["id"], "result": 1})
        await wire.ask("hello")
        assert peer.test_log == []


async def test_the_end_of_the_connection_ends_what_runs_and_what_waits():
    handler = Echo()
    ours, theirs = memory_pipe()
    peer, wire = Peer(*ours, handler, max_line_bytes=MAX_LINE), Wire(theirs)
    failures = []

    async def ask():
        try:
            await peer.request("never answered", {})
        except RpcError as error:
            failures.append(error.code)

    with anyio.fail_after(2):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(peer.serve)
            tasks.start_soon(ask)
            await wire.send({"jsonrpc": "2.0", "id": 1, "method": "wait"})
            await wire.answer()
            await wire.aclose()
    assert (handler.cancelled, failures) == (1, [-32603])


async def test_a_side_that_does_not_read_holds_up_notifications():
    ours, theirs = memory_pipe()
    peer, wire = Peer(*ours, Echo(), max_line_bytes=MAX_LINE), Wire(theirs)
    sent = 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(peer.serve)
        with anyio.move_on_after(0.1):
            for _ in range(1000):
                await peer.notify("tick", {"text": "x" * 100})
                sent += 1
        await wire.aclose()
    assert sent < 100


async def test_a_line_that_comes_byte_by_byte_is_one_message():
    async with connected() as (_, wire):
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"text": "é" * 50}}).encode() + b"\r\n"
        for index in range(len(line)):
            await wire.send_stream.send(line[index : index + 1])
        assert (await wire.answer())["result"]["params"]["text"] == "é" * 50


async def test_what_is_not_quite_text_or_number_is_still_sent():
    async with connected() as (peer, wire):
        await peer.notify("odd", {"half": "a\ud800b", "number": float("inf")})
        assert (await wire.answer())["params"] == {"half": "a?b", "number": None}


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([line for line, *_ in BAD_LINES]))),
    cut=st.integers(1, 40),
)
def test_no_bytes_end_the_peer_nor_get_two_answers_for_one_id(lines, cut):
    async def play():
        async with connected() as (_, wire):
            data = b"\n".join(lines) + b'\n{"jsonrpc": "2.0", "id": "last", "method": "hello"}\n'

            async def send():
                for start in range(0, len(data), cut):
                    await wire.send_stream.send(data[start : start + cut])

            answers = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(send)
                while not answers or answers[-1]["id"] != "last":
                    answers.append(await wire.answer())
            assert len([answer for answer in answers if answer["id"] == "last"]) == 1

    anyio.run(play)
