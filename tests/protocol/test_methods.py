"""Every method of ACP, as a client reaches it over the wire: wrong parameters, order, cancellation, trace context."""

import json

import pytest

from tests.protocol.child import ROOT, Child

SCHEMA = json.loads((ROOT / "tests" / "data" / "acp-schema-v1.json").read_text())["$defs"]
WRONG = {"string": 7, "array": "x", "integer": "x", "object": 7, "boolean": "x"}
LEFT_OUT = ("mcpServers",)  # required, but a client that has none may forget it
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def requests():
    """The methods that an agent answers, by the names of their parameters in the schema."""
    methods = {}
    for name, definition in SCHEMA.items():
        if definition.get("x-side") == "agent" and name.endswith("Request"):
            methods[definition["x-method"]] = definition
    return methods


def kinds(definition):
    """The JSON types that a value may have by its schema."""
    if "$ref" in definition:
        return kinds(SCHEMA[definition["$ref"].rsplit("/", 1)[1]])
    own = definition.get("type", [])
    parts = [part for key in ("allOf", "anyOf", "oneOf") for part in definition.get(key, [])]
    return set([own] if isinstance(own, str) else own).union(*(kinds(part) for part in parts))


CASES = [
    (method, field, next(value for kind, value in WRONG.items() if kind in kinds(definition["properties"][field])))
    for method, definition in requests().items()
    for field in definition.get("required", [])
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    home = tmp_path_factory.mktemp("agent")
    with Child(home / "home", log_level="info") as child:
        child.folder = home
        child.session_id = child.session(home)
        yield child


def proper(agent, method):
    """Parameters of `method` with nothing wrong in them but what they name."""
    values = {
        "sessionId": agent.session_id,
        "cwd": str(agent.folder),
        "mcpServers": [],
        "protocolVersion": 1,
        "prompt": [],
        "modeId": "ask",
        "configId": "mode",
        "value": "ask",
        "methodId": "none",
    }
    return {name: values[name] for name in requests()[method].get("required", [])}


def error(agent, method, params):
    agent.send({"jsonrpc": "2.0", "id": "wrong", "method": method, "params": params})
    return agent.answer("wrong").get("error")


def test_the_schema_names_all_methods():
    meta = json.loads((ROOT / "tests" / "data" / "acp-meta-v1.json").read_text())["agentMethods"]
    assert set(requests()) == set(meta.values()) - {"session/cancel"}
    assert len(CASES) > 15


@pytest.mark.parametrize(("method", "field", "value"), CASES, ids=str)
def test_a_parameter_that_is_missing_or_of_another_type_is_named(agent, method, field, value):
    params = proper(agent, method)
    without = {name: given for name, given in params.items() if name != field}
    for wrong in [params | {field: value}] + ([without] if field not in LEFT_OUT else []):
        refusal = error(agent, method, wrong)
        assert refusal["code"] == -32602, refusal
        assert refusal["message"].startswith(f"{field}:"), refusal


@pytest.mark.parametrize("method", [name for name in requests() if "sessionId" in requests()[name].get("required", [])])
def test_a_session_that_nobody_opened_is_not_found(agent, method):
    refusal = error(agent, method, proper(agent, method) | {"sessionId": "nobody's"})
    assert refusal["code"] == -32002
    assert "nobody's" in refusal["message"]


@pytest.mark.parametrize("method", [name for name in requests() if requests()[name].get("required")])
def test_meta_passes_for_no_parameter(agent, method):
    refusal = error(agent, method, {"_meta": proper(agent, method)})
    assert refusal["code"] == -32602
    assert refusal["message"].split(":")[0] in requests()[method]["required"]


def test_a_prompt_that_is_sent_behind_a_load_runs_after_the_replay(agent):
    session = agent.ask("new", "session/new", {"cwd": str(agent.folder), "mcpServers": []})["sessionId"]
    agent.send(agent.prompt("first", session, "one two three"))
    agent.answer("first")
    agent.ask("close", "session/close", {"sessionId": session})
    load = {"sessionId": session, "cwd": str(agent.folder), "mcpServers": []}
    mode = {"sessionId": session, "modeId": "auto"}
    agent.send(
        {"jsonrpc": "2.0", "id": "load", "method": "session/load", "params": load},
        {"jsonrpc": "2.0", "id": "mode", "method": "session/set_mode", "params": mode},
        agent.prompt("second", session, "```python\nwrite_file('unasked.txt', '')\n```"),
    )
    story = []
    while not story or story[-1] != "second":
        message = agent.receive()
        update = message.get("params", {}).get("update", {}).get("sessionUpdate")
        if "method" in message and message["method"] != "session/update":
            story.append(message["method"])
        elif "id" in message:
            assert "result" in message, message
            story.append(message["id"])
        elif update in ("user_message_chunk", "tool_call"):
            story.append(update)
    assert story.index("load") < story.index("mode") < story.index("tool_call")
    assert "session/request_permission" not in story, "the prompt ran before the mode was set"
    assert (agent.folder / "unasked.txt").exists()


@pytest.mark.parametrize("number", [41, "a string"])
def test_a_prompt_is_cancelled_by_its_id_and_answered_once(agent, number):
    agent.send(
        agent.prompt(number, agent.session_id, "```python\nrun_command('sleep 60')\n```"),
        {"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": number}},
        {"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": number}},
    )
    answer = agent.answer(number)
    assert answer.get("error", {}).get("code") == -32800 or answer["result"]["stopReason"] == "cancelled"
    agent.send(agent.prompt("next", agent.session_id, "Hello."))
    assert agent.answer("next")["result"]["stopReason"] == "end_turn"


def test_the_trace_context_of_a_prompt_stands_in_the_log_of_its_turn(agent):
    request = agent.prompt("traced", agent.session_id, "```python\nprint(1)\n```")
    request["params"]["_meta"] = {"traceparent": PARENT, "tracestate": "editor=1"}
    agent.send(request)
    assert agent.answer("traced")["result"]["stopReason"] == "end_turn"
    agent.send(agent.prompt("untraced", agent.session_id, "Hello."))
    agent.answer("untraced")
    log = agent.folder / "home" / "log" / "punie-acp.log"
    turns = [line for line in map(json.loads, log.read_text().splitlines()) if line["event"] == "turn ended"]
    assert [line.get("traceparent") for line in turns[-2:]] == [PARENT, None]
    assert turns[-2]["tracestate"] == "editor=1"
