"""What a client may get wrong: each line gets its answer, and the next one is served."""

import json

import pytest

from tests.acp_schema import schema_errors
from tests.agent_process import spawn_process

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def agent(tmp_path_factory):
    """An agent at the end of a bare pipe."""
    settings = {"max_line_bytes": 100_000}
    async with spawn_process(tmp_path_factory.mktemp("agent"), settings=settings, hostile=True) as process:
        await ask(process, "initialize", {"protocolVersion": 1})
        yield process


async def answer(process, line):
    """Send a line and get its answer, a correct one. What the agent tells meanwhile is passed over."""
    await process.send(line)
    message = json.loads(await process.receive())
    while message.get("method") == "session/update":
        message = json.loads(await process.receive())
    assert message["jsonrpc"] == "2.0"
    assert ("result" in message) != ("error" in message)
    if "error" in message:
        assert schema_errors("Error", message["error"]) == []
    return message


async def ask(process, method, params, id_=1):
    return await answer(process, {"jsonrpc": "2.0", "id": id_, "method": method, "params": params})


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", -32700),
        (b"hello", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": NaN}}', -32700),
        (b"\xff\xfe{}", -32700),
        (b"[" * 50_000, -32700),
        (b"[]", -32600),
        (b'"x"', -32600),
        (b"null", -32600),
        (b'{"jsonrpc": "2.0"}', -32600),
        (b'{"id": 1, "method": "initialize"}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "initialize"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "session/new", "params": []}', -32602),
        (b"x" * 200_000, -32600),
    ],
    ids=lambda value: value[:30].decode("latin-1") if isinstance(value, bytes) else str(value),
)
async def test_a_line_that_is_no_message_gets_its_error_and_the_next_one_is_served(agent, line, code):
    message = await answer(agent, line)

    assert message["error"]["code"] == code
    assert "result" in await ask(agent, "initialize", {"protocolVersion": 1}, id_="next")


async def test_empty_lines_are_passed_over(agent):
    await agent.send(b"")
    await agent.send(b"  \r")

    assert (await ask(agent, "initialize", {"protocolVersion": 1}, id_=9))["id"] == 9


@pytest.mark.parametrize("method", ["session/fly", "session/archive", "$/nothing", "", "Initialize"])
async def test_an_unknown_method_is_named(agent, method):
    error = (await ask(agent, method, {}))["error"]

    assert error["code"] == -32601
    assert method in error["message"]


async def test_an_unknown_notification_is_passed_over(agent):
    await agent.send({"jsonrpc": "2.0", "method": "session/fly", "params": {}})
    await agent.send({"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": "none"}})
    await agent.send({"jsonrpc": "2.0", "method": "session/cancel", "params": {"sessionId": ["none"]}})

    assert "result" in await ask(agent, "initialize", {"protocolVersion": 1})


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("initialize", {}, "protocolVersion"),
        ("initialize", {"protocolVersion": "1"}, "protocolVersion"),
        ("session/new", {"mcpServers": []}, "cwd"),
        ("session/new", {"cwd": "relative", "mcpServers": []}, "cwd"),
        ("session/new", {"cwd": "/no/such/folder", "mcpServers": []}, "cwd"),
        ("session/new", {"cwd": "/tmp", "mcpServers": {}}, "mcpServers"),
        ("session/prompt", {"prompt": []}, "sessionId"),
        ("session/prompt", {"sessionId": 7, "prompt": []}, "sessionId"),
        ("session/prompt", {"sessionId": "SESSION"}, "prompt"),
        ("session/prompt", {"sessionId": "SESSION", "prompt": "Hello"}, "prompt"),
        ("session/prompt", {"sessionId": "SESSION", "prompt": [{"type": "text"}]}, "prompt.0.text"),
        ("session/prompt", {"sessionId": "SESSION", "prompt": [{"type": "text", "text": 7}]}, "prompt.0.text"),
        ("session/prompt", {"sessionId": "SESSION", "prompt": [{"type": "smell"}]}, "prompt.0"),
        ("session/set_mode", {"sessionId": "SESSION"}, "modeId"),
    ],
)
async def test_wrong_parameters_are_named_by_their_path(agent, tmp_path, method, params, field):
    session = (await ask(agent, "session/new", {"cwd": str(tmp_path), "mcpServers": []}))["result"]["sessionId"]
    params = {name: session if value == "SESSION" else value for name, value in params.items()}

    error = (await ask(agent, method, params))["error"]

    assert error["code"] == -32602
    assert error["message"].startswith(f"{field}:")


@pytest.mark.parametrize("method", ["session/prompt", "session/set_mode"])
async def test_an_unknown_session_is_not_found(agent, method):
    error = (await ask(agent, method, {"sessionId": "none", "prompt": [], "modeId": "ask"}))["error"]

    assert error["code"] == -32002
    assert "none" in error["message"]


async def test_meta_is_no_parameter(agent, tmp_path):
    params = {"mcpServers": [], "_meta": {"cwd": str(tmp_path)}}

    assert (await ask(agent, "session/new", params))["error"]["code"] == -32602


async def test_a_newer_client_is_answered_with_our_version(agent):
    result = (await ask(agent, "initialize", {"protocolVersion": 2, "unknown": {"field": 1}}))["result"]

    assert result["protocolVersion"] == 1
    assert result["agentInfo"]["name"] == "punie-acp"


async def test_answers_that_nobody_asked_for_are_passed_over(agent):
    await agent.send({"jsonrpc": "2.0", "id": 77, "result": {}})
    await agent.send({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "?"}})
    await agent.send({"jsonrpc": "2.0", "id": "x", "error": "?"})

    assert "result" in await ask(agent, "initialize", {"protocolVersion": 1})


async def test_an_id_in_use_is_refused_and_the_first_request_gets_its_answer(agent, tmp_path):
    session = (await ask(agent, "session/new", {"cwd": str(tmp_path), "mcpServers": []}))["result"]["sessionId"]
    text = "````python\nrun_command('sleep 0.3')\n````"
    prompt = {"sessionId": session, "prompt": [{"type": "text", "text": text}]}
    await agent.send({"jsonrpc": "2.0", "id": 5, "method": "session/prompt", "params": prompt})
    await agent.send({"jsonrpc": "2.0", "id": 5, "method": "initialize", "params": {"protocolVersion": 1}})

    answers = []
    while len(answers) < 2:
        message = json.loads(await agent.receive())
        if message.get("method") == "session/request_permission":
            refusal = {"outcome": {"outcome": "cancelled"}}
            await agent.send({"jsonrpc": "2.0", "id": message["id"], "result": refusal})
        elif "method" not in message:
            answers.append(message)

    assert [message["id"] for message in answers] == [None, 5]
    assert answers[0]["error"]["code"] == -32600
    assert answers[1]["result"]["stopReason"] == "end_turn"
