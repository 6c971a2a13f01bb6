"""50,000 hostile lines against the real agent: it neither dies nor hangs, answers nothing twice, and stays small.

`PUNIE_FUZZ_SEED=7 pytest tests/protocol/test_fuzz.py` plays other lines; a failure names its seed and keeps its lines.
What has ever failed stands in tests/data/hostile_lines.json, and is played first.
"""

import json
import math
import os
import queue
import random
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.protocol import hostile
from tests.protocol.child import ROOT, Child

SEED = int(os.environ.get("PUNIE_FUZZ_SEED", "1"))
CHUNK = 1000
CHUNKS_OF_MESSAGES = 24
CHUNKS_OF_BYTES = 26  # fifty thousand lines in all
PAST = json.loads((ROOT / "tests" / "data" / "hostile_lines.json").read_text())
GROWTH = 50  # megabytes


class Played:
    """What was sent to an agent, what it answered, and what it should have answered."""

    def __init__(self, child, folder):
        self.child = child
        self.folder = str(folder)
        self.requests = Counter()  # by id
        self.answers = Counter()
        self.lines = 0
        self.opened = set()
        self._serial = 0

    def play(self, lines):
        """Send `lines` in one go, and wait until the agent has answered what came after them."""
        self.lines += len(lines)
        for line in lines:
            self._expect(line)
        self.child.write(b"\n".join(lines) + b"\n")
        self.ask("session/fly", {})

    def ask(self, method, params):
        """A proper request; its answer."""
        self._serial += 1
        number = f"ask {self._serial}"
        self.requests[number] += 1
        self.child.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return self._receive_until(lambda message: message.get("id") == number)

    def settle(self):
        """Wait until every request has its answer."""
        if self.unanswered():
            self._receive_until(lambda _: not self.unanswered())

    def unanswered(self):
        """The ids without an answer. One that came twice may have been refused the second time, to nobody."""
        return [number for number in self.requests if not self.answers[number]]

    def check(self):
        """Every request was answered once; what is no request, at most once, to nobody."""
        assert not self.unanswered(), f"not answered: {self.unanswered()[:5]}"
        assert not self.answers - self.requests - Counter({None: self.lines}), "answered twice, or without a question"

    def _receive_until(self, condition):
        deadline = time.monotonic() + 120
        while True:
            message = self.child.receive(max(0.1, deadline - time.monotonic()))
            if "method" in message:
                self._serve(message)
            else:
                self._take(message)
                if condition(message):
                    return message

    def _take(self, answer):
        assert ("result" in answer) != ("error" in answer), answer
        assert "internal error" not in answer.get("error", {}).get("message", ""), answer
        self.answers[key(answer["id"])] += 1
        result = answer.get("result")
        if isinstance(result, dict) and isinstance(result.get("sessionId"), str):
            self.opened.add(result["sessionId"])

    def _serve(self, message):
        """The agent asks something: this client can do nothing."""
        if "id" in message:
            error = {"code": -32601, "message": "no"}
            self.child.send({"jsonrpc": "2.0", "id": message["id"], "error": error})

    def _expect(self, line):
        """Count the request in `line`, if it is one that can be answered by its id."""
        try:
            message = json.loads(line.decode())
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict) or ("method" not in message and ("result" in message or "error" in message)):
            return
        if "id" in message and is_id(message["id"]) and not is_refused(line):
            self.requests[key(message["id"])] += 1


def is_id(value):
    """Whether JSON-RPC has such an id, and it can be given back."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return isinstance(value, int) and not isinstance(value, bool)


def is_refused(line):
    """Whether Python takes for JSON what is none: NaN, and numbers beyond a float's."""

    def refuse(text):
        if text in ("NaN", "Infinity", "-Infinity") or math.isinf(float(text)):
            raise ValueError(text)

    try:
        json.loads(line, parse_constant=refuse, parse_float=refuse)
    except ValueError:
        return True
    return False


def key(value):
    """An id as a key: in JSON, 1 and true are not the same."""
    return value if not isinstance(value, bool) else repr(value)


def start(tmp_path):
    """An agent with a session's imports behind it, so that its size says something."""
    (tmp_path / "project").mkdir()
    child = Child(tmp_path / "home", max_line_bytes=200_000)
    played = Played(child, tmp_path / "project")
    played.ask("initialize", {"protocolVersion": 1})
    check_alive(played)
    return child, played


def check_alive(played):
    """It still does what it is for."""
    assert "result" in played.ask("initialize", {"protocolVersion": 1})
    session = played.ask("session/new", {"cwd": played.folder, "mcpServers": []})["result"]["sessionId"]
    prompt = [{"type": "text", "text": "```python\nprint(6 * 7)\n```"}]
    assert played.ask("session/prompt", {"sessionId": session, "prompt": prompt})["result"]["stopReason"] == "end_turn"
    close_all(played)


def close_all(played):
    for session in played.opened:
        played.ask("session/close", {"sessionId": session})
        played.ask("session/delete", {"sessionId": session})
    played.opened.clear()


def run(tmp_path, chunks, make_lines):
    """Play `chunks` chunks of lines against one agent, and look at it before and after."""
    child, played = start(tmp_path)
    with child:
        chances = random.Random(SEED)
        play_past(played)
        before = None
        for number in range(chunks):
            session = played.ask("session/new", {"cwd": played.folder, "mcpServers": []})["result"]["sessionId"]
            lines = make_lines(chances, number * CHUNK, session, played.folder)
            kept = tmp_path / f"chunk {number}.lines"
            kept.write_bytes(b"\n".join(lines))
            try:
                played.play(lines)
                played.settle()
                played.check()
            except (AssertionError, queue.Empty) as error:
                raise AssertionError(f"seed {SEED}, the lines of {kept}: {error!r}") from error
            kept.unlink()
            close_all(played)
            before = before or child.resident  # after the first chunk everything that is imported lazily is there
        check_alive(played)
        played.check()
        growth = child.resident - before
        assert growth < GROWTH, f"seed {SEED}: grew by {growth:.0f} MB"
        print(f"{played.lines} lines, {sum(played.answers.values())} answers, grew by {growth:.1f} MB")


def play_past(played):
    lines = [entry["line"].encode("latin-1") for entry in PAST]
    played.play(lines)
    played.settle()
    played.check()


@pytest.mark.slow
def test_messages_with_something_wrong_in_them(tmp_path):
    def make_lines(chances, first, session, folder):
        return [
            hostile.encoded(hostile.messages(chances, number), session, folder)
            for number in range(first, first + CHUNK)
        ]

    run(tmp_path, CHUNKS_OF_MESSAGES, make_lines)


@pytest.mark.slow
def test_lines_with_broken_bytes(tmp_path):
    def make_lines(chances, first, session, folder):
        return [
            hostile.broken(chances, hostile.encoded(hostile.messages(chances, number), session, folder))
            for number in range(first, first + CHUNK)
        ]

    run(tmp_path, CHUNKS_OF_BYTES, make_lines)


# Hypothesis finds the smallest line that does harm.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(hostile.ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def wrong_params(draw, method):
    """The proper parameters of `method`, some of them left out or replaced."""
    proper = hostile.PARAMS[method]
    kept = {name: value for name, value in proper.items() if draw(st.integers(0, 4))}
    names = st.sampled_from([*proper, "_meta", "sessionId", "cwd", "extra"])
    wrong = kept | draw(st.dictionaries(names, JSON, max_size=2))
    return wrong | ({"cwd": "relative"} if method in hostile.OPENS else {})


@pytest.fixture(scope="module")
def alive(tmp_path_factory):
    child, played = start(tmp_path_factory.mktemp("alive"))
    with child:
        yield played


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_request_has_its_one_answer_whatever_its_parameters_are(alive, data):
    answer = alive.ask("session/new", {"cwd": alive.folder, "mcpServers": []})
    session = answer["result"]["sessionId"]
    lines = []
    for _ in range(data.draw(st.integers(1, 25))):
        method = data.draw(st.sampled_from(list(hostile.PARAMS)))
        serial = f"h{alive.lines + len(lines)}"
        message = {"jsonrpc": "2.0", "id": serial, "method": method, "params": data.draw(wrong_params(method))}
        lines.append(hostile.encoded(message, session, alive.folder))
    alive.play(lines)
    alive.settle()
    alive.check()
    close_all(alive)


def test_what_failed_once_stands_in_the_data_with_its_reason():
    assert PAST
    assert all(entry["why"] and "\n" not in entry["line"] for entry in PAST)
