"""A client that goes wrong fails its test, with a story that can be read; otherwise running one would prove little."""

import sys

import pytest

from tests.conformance.clients import ForeignClient

HELLO = '{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": 1}}'
BAD = '{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "one"}}'
SCRIPT = """
import subprocess, sys, time
line, end, *command = sys.argv[1:]
agent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
agent.stdin.write(line + "\\n")
agent.stdin.flush()
print("it said:", agent.stdout.readline(), flush=True)
agent.stdin.close()
agent.wait()
{"crash": lambda: 1 / 0, "sleep": lambda: time.sleep(60), "go": int}[end]()
"""


@pytest.fixture
def client(tmp_path):
    return ForeignClient(tmp_path / "home")


def run(client, tmp_path, line, end, seconds=60):
    return client.run([sys.executable, "-c", SCRIPT, line, end, *client.agent], cwd=tmp_path, seconds=seconds)


@pytest.mark.proves("initialize")
def test_what_passed_is_recorded_and_checked(client, tmp_path):
    done = run(client, tmp_path, HELLO, "go")

    [wire] = client.wires()
    assert "punie-acp" in done.stdout
    assert [line[:2] for line in wire.lines] == [b"> ", b"< ", b"= "]


def test_a_violation_in_what_was_recorded_is_found(client, tmp_path):
    run(client, tmp_path, BAD, "go")

    with pytest.raises(AssertionError, match=r"client: InitializeRequest\.protocolVersion"):
        client.wires()


@pytest.mark.parametrize(("end", "what"), [("crash", "it ended with 1"), ("sleep", "it was silent for 5 s")])
def test_a_client_that_crashes_or_says_nothing_leaves_a_story(client, tmp_path, end, what):
    with pytest.raises(AssertionError, match=what) as failure:
        run(client, tmp_path, HELLO, end, seconds=5)

    story = str(failure.value)
    assert '> {"jsonrpc": "2.0", "id": 1, "method": "initialize"' in story
    assert '< {"jsonrpc":"2.0","id":1,"result"' in story
    assert "its standard error:" in story
    assert ("ZeroDivisionError" in story) == (end == "crash")
