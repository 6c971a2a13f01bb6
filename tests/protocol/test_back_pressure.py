"""The real agent and a client that does not read, or not fast, or sends more than it should: memory stays flat."""

import json
import socket
import time

import pytest

from tests.protocol.child import Child, unlimited

WORDS = 20_000  # each of them an update of some 250 bytes


def wait_until_idle(child, timeout=30):
    """Until the process has used no CPU for half a second."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        before = child.cpu_seconds
        time.sleep(0.5)
        if child.cpu_seconds - before < 0.05:
            return
    raise AssertionError("the agent goes on working for a client that does not read")


@pytest.mark.slow
def test_a_client_that_stops_reading_pauses_the_turn_and_gets_all_of_it_later(tmp_path):
    text = "".join(f"w{number:06} " for number in range(WORDS))
    with Child(tmp_path / "home", script=[{"text": "ready"}, {"text": text}], reading=False, **unlimited()) as child:
        read = child.output.readline
        child.send({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": 1}})
        read()
        new = {"cwd": str(tmp_path), "mcpServers": []}
        child.send({"jsonrpc": "2.0", "id": 2, "method": "session/new", "params": new})
        while (answer := json.loads(read())).get("id") != 2:
            pass
        session = answer["result"]["sessionId"]
        child.send(child.prompt(3, session, "begin"))
        while json.loads(read()).get("id") != 3:
            pass

        child.send(child.prompt(4, session, "go"))
        wait_until_idle(child)
        paused = child.resident
        time.sleep(1)
        assert child.resident - paused < 2

        child.start_reading()
        written, peak = [], paused
        while (message := child.receive()).get("id") != 4:
            update = message["params"]["update"]
            if update["sessionUpdate"] == "agent_message_chunk":
                written.append(update["content"]["text"])
            if len(written) % 2000 == 0:
                peak = max(peak, child.resident)
        assert message["result"]["stopReason"] == "end_turn"
        assert "".join(written) == text
        assert peak - paused < 50, "the history keeps the text once or twice, not each update"


def test_a_line_over_the_limit_is_read_past_and_never_kept(tmp_path):
    with Child(tmp_path / "home", max_line_bytes=1_000_000) as child:
        child.ask(1, "initialize", {"protocolVersion": 1})
        before = peak = child.resident
        for _ in range(200):
            child.write(b"x" * 1_000_000)
            peak = max(peak, child.resident)
        child.write(b"\n")
        refusal = child.receive()
        assert (refusal["id"], refusal["error"]["code"]) == (None, -32600)
        assert "longer than 1000000 bytes" in refusal["error"]["message"]
        assert peak - before < 10
        child.ask(2, "initialize", {"protocolVersion": 1})


def test_a_message_comes_byte_by_byte_and_the_last_one_half(tmp_path):
    with Child(tmp_path / "home") as child:
        line = b'{"jsonrpc":"2.0","id":"\\u00e9\xc3\xa9","method":"initialize","params":{"protocolVersion":1}}\r\n'
        for index in range(len(line)):
            child.write(line[index : index + 1])
            time.sleep(0.0005)
        assert child.receive()["id"] == "éé"
        child.write(b'{"jsonrpc":"2.0","id":2,"meth')
        child.popen.stdin.close()
        assert child.popen.wait(10) == 0
        assert child.lines.get(timeout=5) == b""


def test_thousands_of_requests_in_one_write_are_each_answered_once(tmp_path):
    with Child(tmp_path / "home") as child:
        numbers = range(5000)
        child.send(*({"jsonrpc": "2.0", "id": n, "method": "session/fly", "params": {"_meta": {}}} for n in numbers))
        answers = [child.receive() for _ in numbers]
        assert [answer["id"] for answer in answers] == list(numbers)
        assert {answer["error"]["code"] for answer in answers} == {-32601}


def test_one_socket_can_be_both_ends(tmp_path):
    ours, theirs = socket.socketpair()
    with (
        ours,
        ours.makefile("r") as lines,
        Child(tmp_path / "home", stdin=theirs, stdout=theirs, reading=False) as child,
    ):
        theirs.close()
        ours.settimeout(20)

        def ask(number, method, params):
            request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            ours.sendall(json.dumps(request).encode() + b"\n")
            while (answer := json.loads(lines.readline())).get("id") != number:
                pass
            return answer["result"]

        assert ask(1, "initialize", {"protocolVersion": 1})["protocolVersion"] == 1
        session = ask(2, "session/new", {"cwd": str(tmp_path), "mcpServers": []})["sessionId"]
        prompt = {"sessionId": session, "prompt": [{"type": "text", "text": "x" * 30_000}]}
        assert ask(3, "session/prompt", prompt)["stopReason"] == "max_tokens"
        ours.shutdown(socket.SHUT_WR)
        assert child.popen.wait(10) == 0
