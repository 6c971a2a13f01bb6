"""The checker of the wire finds what is wrong; otherwise the integration suite would prove nothing."""

import json

import pytest

from tests.wire import Wire


def line(**members):
    return json.dumps({"jsonrpc": "2.0", **members}).encode()


def request(method="session/prompt", id_=1, **params):
    return line(id=id_, method=method, params={"sessionId": "s", **params})


def update(what="tool_call_update", **fields):
    return line(method="session/update", params={"sessionId": "s", "update": {"sessionUpdate": what, **fields}})


NEW = "client", line(id=0, method="session/new", params={"cwd": "/tmp", "mcpServers": []})
OPENED = "agent", line(id=0, result={"sessionId": "s"})
PROMPT = "client", request(prompt=[])
ANSWER = "agent", line(id=1, result={"stopReason": "end_turn"})
CALL = "agent", update("tool_call", toolCallId="a", title="A")
BEGUN = "agent", update(toolCallId="a", status="in_progress")
ENDED = "agent", update(toolCallId="a", status="completed")


HELLO = "client", line(id="i", method="initialize", params={"protocolVersion": 1})
WELCOME = "agent", line(id="i", result={"protocolVersion": 1})
LOAD = "client", request("session/load", cwd="/tmp", mcpServers=[])


def checked(*lines, **how):
    wire = Wire(**how)
    for sender, data in (NEW, OPENED, *lines):
        wire.add(sender, data)
    return wire


def found(*lines, **how):
    wire = checked(*lines, **how)
    return "\n".join(wire.take_violations() + wire.unanswered())


def test_a_correct_conversation_has_nothing_to_object_to():
    assert found(PROMPT, CALL, ENDED, ANSWER) == ""
    assert found(PROMPT, CALL, ENDED, ANSWER, LOAD, CALL, ENDED, ("agent", line(id=1, result={}))) == ""
    assert (
        found(("client", request("session/fork", cwd="/tmp")), ("agent", line(id=1, result={"sessionId": "f"}))) == ""
    )


@pytest.mark.parametrize(
    ("lines", "objection"),
    [
        ([("agent", b"Loading...")], "not JSON"),
        ([("agent", b"[]")], "not a JSON-RPC message"),
        ([("agent", line(method="session/fly"))], "unknown method"),
        ([("client", line(method="session/update", params={}))], "unknown method"),
        ([("client", line(method="session/prompt", params={"sessionId": "s", "prompt": []}))], "wrong kind"),
        ([("client", request(prompt="text")), ANSWER], "PromptRequest.prompt"),
        ([PROMPT, ("agent", line(id=1, result={"stopReason": "tired"}))], "PromptResponse.stopReason"),
        ([PROMPT, ("agent", line(id=1, error={"code": "x", "message": "m"}))], "Error.code"),
        ([PROMPT], "no answer to client's session/prompt 1"),
        ([("agent", request("fs/read_text_file", path="/a"))], "no answer to agent's fs/read_text_file 1"),
        ([PROMPT, PROMPT, ANSWER], "an id that is in use"),
        ([PROMPT, ("agent", line(id=1, result={}))], "'stopReason' is a required property"),
        ([PROMPT, ("agent", line(id=1))], "neither result nor error"),
        ([HELLO, ("agent", line(id="i", result={"protocolVersion": "1"}))], "InitializeResponse.protocolVersion"),
        ([("agent", line(id=7, result=None))], "answer to no request"),
        ([("client", request("session/fork", id_=1)), ("agent", line(id=1, result={}))], "ResumeSessionRequest"),
        (
            [
                (
                    "agent",
                    line(
                        method="session/update",
                        params={"sessionId": "other", "update": {"sessionUpdate": "plan", "entries": []}},
                    ),
                )
            ],
            "which the client does not know",
        ),
        ([LOAD, CALL, BEGUN, ("agent", line(id=1, result={}))], "the session is loaded, but not a"),
        ([PROMPT, ANSWER, ANSWER], "second answer"),
        ([ANSWER], "answer to no request"),
        ([CALL, CALL, ENDED], "announced twice"),
        ([ENDED], "updated before it was announced"),
        ([CALL, ENDED, ("agent", update(toolCallId="a", title="late"))], "and yet updated"),
        ([PROMPT, CALL, ANSWER], "the turn ended, but not a"),
        ([("agent", update("tool_call", toolCallId="a"))], "SessionNotification.update"),
        (
            [("agent", update("tool_call", toolCallId="a", title="A", kind="magic")), ENDED],
            "SessionNotification.update",
        ),
        (
            [
                PROMPT,
                ("agent", request("terminal/create", id_=9, command="true")),
                ("client", line(id=9, result={"terminalId": "x"})),
                ANSWER,
            ],
            "terminals open",
        ),
    ],
)
def test_what_is_wrong_is_found(lines, objection):
    assert objection in found(*lines)


BAD_LINE = "client", b"{"
REFUSAL = "agent", line(id=None, error={"code": -32700, "message": "not JSON"})
UNKNOWN = "client", line(id=1, method="session/fly", params={})
NO_SUCH_METHOD = "agent", line(id=1, error={"code": -32601, "message": "method not found"})


def test_of_a_hostile_client_only_the_agents_answers_are_judged():
    assert found(BAD_LINE, REFUSAL, UNKNOWN, NO_SUCH_METHOD, hostile=True) == ""
    assert "answer to no request" in found(BAD_LINE, REFUSAL, REFUSAL, hostile=True)
    assert "Error.code" in found(UNKNOWN, ("agent", line(id=1, error={"code": "x", "message": "m"})), hostile=True)
    assert "a result for session/fly" in found(UNKNOWN, ("agent", line(id=1, result={})), hostile=True)
    assert "no answer to client's session/fly" in found(UNKNOWN, hostile=True)
    assert "not JSON" in found(("agent", b"{"), hostile=True)


def test_what_passed_is_known_by_its_name():
    read = "agent", request("fs/read_text_file", id_=2, path="/a")
    offers = {"protocolVersion": 1, "clientCapabilities": {"fs": {"readTextFile": True, "writeTextFile": False}}}
    wire = checked(("client", line(id="i", method="initialize", params=offers)), WELCOME, PROMPT, CALL, ENDED, read)
    wire.add("client", line(id=2, result={"content": ""}))
    assert wire.seen == {
        "initialize",
        "session/new",
        "client:session/update",
        "update:tool_call",
        "update:tool_call_update",
        "client:fs/read_text_file",
    }
    assert "capability:fs.readTextFile" in wire.negotiated
    assert "capability:loadSession" in wire.negotiated
    assert "capability:fs.writeTextFile" not in wire.negotiated
    refused = checked(PROMPT, ("agent", line(id=1, error={"code": -32601, "message": "no"})))
    assert "session/prompt" not in refused.seen
