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


PROMPT = "client", request(prompt=[])
ANSWER = "agent", line(id=1, result={"stopReason": "end_turn"})
CALL = "agent", update("tool_call", toolCallId="a", title="A")
ENDED = "agent", update(toolCallId="a", status="completed")


def found(*lines):
    wire = Wire()
    for sender, data in lines:
        wire.add(sender, data)
    return "\n".join(wire.take_violations() + wire.unanswered())


def test_a_correct_conversation_has_nothing_to_object_to():
    assert found(PROMPT, CALL, ENDED, ANSWER) == ""


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
        ([PROMPT], "client's session/prompt 1"),
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
