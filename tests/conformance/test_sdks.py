"""One conversation over the whole surface, held by clients of the official TypeScript and Python SDKs.

Each client runs once (js/conversation.mjs, python_conversation.py) and tells what each step brought; the tests here
look at one part of that each. All lines were checked against the stable schema, and against the newer one that the
TypeScript SDK brings.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.clients import ForeignClient, RecordedWire
from tests.conformance.node import NODE
from tests.conversations import watch

pytestmark = pytest.mark.slow
NOT_FOUND, CANCELLED = -32002, -32800


@dataclass(frozen=True)
class Held:
    """A conversation that was held: what its steps brought, what passed, and the folder that it was about."""

    report: dict[str, Any]
    wires: list[RecordedWire]
    project: Path

    def __getitem__(self, step):
        return self.report[step]


@pytest.fixture(scope="module", params=["typescript", "python"])
def conversation(request, packages, newest_schema, tmp_path_factory):
    home = tmp_path_factory.mktemp(request.param)
    project = home / "project"
    project.mkdir()
    (project / "README.md").write_text("# Shapes\n")
    client = ForeignClient(home / "home")
    scripts = {
        "typescript": [NODE, packages / "conversation.mjs"],
        "python": [sys.executable, Path(__file__).parent / "python_conversation.py"],
    }
    done = client.run([*scripts[request.param], project, *client.agent], cwd=project)
    client.wires(newest_schema)
    return Held(json.loads(done.stdout), client.wires(), project)


@pytest.fixture
def held(conversation):
    """The conversation; what it was made of counts for the test that uses it."""
    for recorded in conversation.wires:
        watch(recorded)
    return conversation


@pytest.mark.proves("initialize", "capability:loadSession", "capability:fs.readTextFile", "capability:terminal")
def test_both_sides_say_who_they_are_and_what_they_can(held):
    welcome = held["initialize"]
    assert welcome["protocolVersion"] == 1
    assert welcome["agentInfo"]["name"] == "punie-acp"
    assert welcome["agentCapabilities"]["loadSession"] is True
    sessions = welcome["agentCapabilities"]["sessionCapabilities"]
    assert {"list", "resume", "close", "delete", "fork", "additionalDirectories"} <= {
        name for name, offer in sessions.items() if offer is not None
    }


@pytest.mark.proves("authenticate", "logout", "capability:auth.logout")
def test_a_login_that_needs_none_and_its_end(held):
    assert "error" not in held["authenticate"]
    assert "error" not in held["logout"]


@pytest.mark.proves("session/new")
def test_a_session_comes_with_its_modes_and_options(held):
    opened = held["new"]
    assert opened["sessionId"] == held["sessionId"]
    assert opened["modes"]["currentModeId"] == "ask"
    assert {"model", "mode"} <= {option["id"] for option in opened["configOptions"]}


@pytest.mark.proves(
    "session/prompt",
    "client:session/update",
    "client:session/request_permission",
    "client:fs/read_text_file",
    "client:fs/write_text_file",
    "client:terminal/create",
    "client:terminal/wait_for_exit",
    "client:terminal/output",
    "client:terminal/release",
    "update:agent_message_chunk",
    "update:tool_call",
    "update:tool_call_update",
    "update:usage_update",
    "capability:fs.writeTextFile",
)
def test_a_turn_reads_asks_writes_and_runs_through_the_client(held):
    turn = held["turn"]
    assert turn["stopReason"] == "end_turn"
    assert turn["answer"].split() == ["#", "Shapes", "ran"]
    assert (held.project / "a.txt").read_text() == "text of a"
    assert {"tool_call", "tool_call_update", "usage_update"} <= set(turn["kinds"])
    asked = turn["asked"]
    assert asked.count("session/request_permission") == 2
    assert {"fs/read_text_file", "fs/write_text_file", "terminal/create", "terminal/release"} <= set(asked)
    assert asked.index("session/request_permission") < asked.index("fs/write_text_file")


@pytest.mark.proves("client:session/request_permission")
def test_a_rejected_write_does_not_happen(held):
    assert held["rejected"]["stopReason"] == "end_turn"
    assert "the user refused" in held["rejected"]["answer"]
    assert "fs/write_text_file" not in held["rejected"]["asked"]
    assert not (held.project / "b.txt").exists()


@pytest.mark.proves("session/set_mode")
def test_the_mode_is_set(held):
    assert "error" not in held["set_mode"]
    assert "read-only" in held["read_only"]["answer"]
    assert "session/request_permission" not in held["read_only"]["asked"]


@pytest.mark.proves("session/set_config_option")
def test_an_option_is_set_and_all_are_told(held):
    options = {option["id"]: option for option in held["set_config_option"]["configOptions"]}
    assert options["mode"]["currentValue"] == "auto"
    assert "session/request_permission" not in held["auto"]["asked"]
    assert (held.project / "c.txt").exists()


@pytest.mark.proves("session/cancel", "$/cancel_request")
def test_a_turn_is_cancelled_by_either_way(held):
    assert held["cancel"]["stopReason"] == "cancelled"
    assert held["cancel_request"]["error"]["code"] == CANCELLED


@pytest.mark.proves("session/list", "capability:sessionCapabilities.list")
def test_sessions_are_listed_by_folder(held):
    [session] = held["list"]["sessions"]
    assert (session["sessionId"], session["cwd"]) == (held["sessionId"], str(held.project))
    assert session["title"]
    assert held["list_elsewhere"]["sessions"] == []


@pytest.mark.proves("session/fork", "capability:sessionCapabilities.fork")
def test_a_fork_is_a_session_of_its_own(held):
    assert held["fork"]["sessionId"] != held["sessionId"]
    assert held["forked_turn"]["answer"].strip() == "2"


@pytest.mark.proves("session/close", "capability:sessionCapabilities.close")
def test_a_closed_session_takes_no_prompt(held):
    assert "error" not in held["close"]
    assert held["closed_turn"]["error"]["code"] == NOT_FOUND


@pytest.mark.proves("session/load", "update:user_message_chunk", "capability:loadSession")
def test_a_loaded_session_is_told_from_its_beginning(held):
    told = held["load"]
    assert told["modes"]["currentModeId"] == "auto"
    assert {"user_message_chunk", "agent_message_chunk", "tool_call"} <= set(told["kinds"])
    assert held["turn"]["answer"] in told["answer"]
    assert told["user"].index("a.txt") < told["user"].index("b.txt") < told["user"].index("c.txt")
    assert told["asked"] == []
    assert held["loaded_turn"]["answer"].strip() == "loaded"


@pytest.mark.proves("session/resume", "capability:sessionCapabilities.resume")
def test_a_resumed_session_is_not_told_again(held):
    assert "error" not in held["resume"]
    assert not {"user_message_chunk", "agent_message_chunk", "tool_call"} & set(held["resume"]["kinds"])
    assert held["resumed_turn"]["answer"].strip() == "resumed"


@pytest.mark.proves("session/delete", "capability:sessionCapabilities.delete")
def test_a_deleted_session_is_gone(held):
    assert "error" not in held["delete"]
    assert [session["sessionId"] for session in held["list_after_delete"]["sessions"]] == [held["fork"]["sessionId"]]
