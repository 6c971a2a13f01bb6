"""`punie-acp serve` as the SDK's own clients meet it, over WebSocket and HTTP; and whom it does not let in."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import websockets
from acp import Client, RequestError, connect_to_agent, text_block
from acp.http.client import create_http_stream
from acp.schema import AllowedOutcome, RequestPermissionResponse
from acp.ws.client import create_websocket_stream
from websockets.asyncio.client import connect

from tests.protocol.child import ROOT

pytestmark = pytest.mark.anyio
TOKEN = "a token of the tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": 1}}
PROGRAM = "```python\nwrite_file('a.txt', 'from afar')\nprint(run_command('echo here').stdout)\n```"


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


class Server:
    """A running `punie-acp serve`."""

    def __init__(self, home, *arguments, token=TOKEN, **settings):
        home.mkdir(exist_ok=True)
        folders = {f"PUNIE_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "LOG")}
        own = {f"PUNIE_{name.upper()}": str(value) for name, value in settings.items()}
        own = {"PUNIE_MODEL": "import:tests.scripted:echo_model"} | own
        own |= {"PUNIE_SERVE_TOKEN": token} if token else {}
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "punie_acp", "serve", *arguments],
            cwd=ROOT,
            env=os.environ | folders | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        line = self.popen.stderr.readline()
        found = re.fullmatch(r"punie-acp: serving ACP on (ws://\S+:(\d+)/acp) and (http://\S+/acp)\n", line)
        if not found:
            raise AssertionError(line + self.popen.communicate()[1])
        self.socket, self.port, self.http = found.groups()
        return self

    def __exit__(self, *_):
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(10)
        finally:
            self.popen.kill()
            self.popen.stdout.close()
            self.popen.stderr.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server"), max_line_bytes=1_000_000) as running:
        yield running


class Editor(Client):
    """Allows everything, and keeps what it is told."""

    def __init__(self):
        self.updates = []
        self.questions = 0

    async def session_update(self, session_id, update, **_):
        self.updates.append((session_id, update))

    async def request_permission(self, session_id, tool_call, options, **_):
        self.questions += 1
        option = next(option for option in options if option.kind == "allow_once")
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=option.option_id))

    def text(self, session):
        chunks = [u for owner, u in self.updates if owner == session and u.session_update == "agent_message_chunk"]
        return "".join(chunk.content.text for chunk in chunks)


@asynccontextmanager
async def connected(server, transport):
    """A connection of the SDK's client over `transport`."""
    editor = Editor()
    async with asyncio.timeout(60), httpx.AsyncClient(timeout=None) as client:
        if transport == "websocket":
            stream = await create_websocket_stream(server.socket, headers=BEARER)
        else:
            stream = create_http_stream(server.http, client=client, headers=BEARER)
        connection = connect_to_agent(editor, stream, use_unstable_protocol=True)
        try:
            yield editor, connection
        finally:
            await connection.close()


async def until(condition):
    """Wait until `condition` holds."""
    while not condition():  # noqa: ASYNC110 - of a process there is no event
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_a_turn_with_permissions_and_effects(server, transport, tmp_path):
    async with connected(server, transport) as (editor, agent):
        assert (await agent.initialize(1)).agent_info.name == "punie-acp"
        session = (await agent.new_session(str(tmp_path), mcp_servers=[])).session_id
        response = await agent.prompt(session, [text_block(PROGRAM)])

        assert response.stop_reason == "end_turn"
        assert (tmp_path / "a.txt").read_text() == "from afar"
        assert editor.questions == 2
        assert editor.text(session).strip() == "here"


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_two_sessions_run_side_by_side_and_one_of_them_is_cancelled(server, transport, tmp_path):
    async with connected(server, transport) as (editor, agent):
        await agent.initialize(1)
        slow = (await agent.new_session(str(tmp_path), mcp_servers=[])).session_id
        quick = (await agent.new_session(str(tmp_path), mcp_servers=[])).session_id
        long = asyncio.create_task(agent.prompt(slow, [text_block("```python\nrun_command('sleep 50')\n```")]))
        assert (await agent.prompt(quick, [text_block("Hello.")])).stop_reason == "end_turn"
        await until(lambda: editor.questions)
        await agent.cancel(slow)
        assert (await long).stop_reason == "cancelled"
        assert editor.text(quick) == "Hello."


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_errors_come_back_and_the_connection_goes_on(server, transport, tmp_path):
    async with connected(server, transport) as (_, agent):
        await agent.initialize(1)
        with pytest.raises(RequestError, match="absolute"):
            await agent.new_session("relative", mcp_servers=[])
        assert await agent.new_session(str(tmp_path), mcp_servers=[])


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_a_session_of_one_client_is_loaded_by_the_next(server, transport, tmp_path):
    async with connected(server, transport) as (_, agent):
        await agent.initialize(1)
        session = (await agent.new_session(str(tmp_path), mcp_servers=[])).session_id
        await agent.prompt(session, [text_block("First.")])
    async with connected(server, transport) as (editor, agent):
        await agent.initialize(1)
        await agent.load_session(str(tmp_path), session, mcp_servers=[])
        await until(lambda: editor.text(session) == "First.")
        assert (await agent.prompt(session, [text_block("Second.")])).stop_reason == "end_turn"
        assert editor.text(session).startswith("First.")
        assert "Second." in editor.text(session)  # the echoing model repeats the notice that it was restored, too


async def test_one_model_serves_all_clients(tmp_path):
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"text": "first"}, {"text": "second"}]))
    settings = {"model": "import:tests.scripted:model", "test_script": script}
    with Server(tmp_path / "home", **settings) as server:
        for transport, answer in [("websocket", "first"), ("http", "second")]:
            async with connected(server, transport) as (editor, agent):
                await agent.initialize(1)
                session = (await agent.new_session(str(tmp_path), mcp_servers=[])).session_id
                await agent.prompt(session, [text_block("go")])
                assert editor.text(session) == answer


async def test_what_a_client_has_started_ends_when_its_socket_closes(server, tmp_path):
    marker = tmp_path / "still here"
    async with connected(server, "websocket") as (editor, agent):
        await agent.initialize(1)
        session = (await agent.new_session(str(tmp_path), mcp_servers=[])).session_id
        program = f"```python\nrun_command('sleep 3; touch {marker.name}')\n```"
        turn = asyncio.create_task(agent.prompt(session, [text_block(program)]))
        await until(lambda: editor.questions and getattr(editor.updates[-1][1], "status", "") == "in_progress")
    with suppress(Exception):
        await turn
    await asyncio.sleep(3.5)
    assert not marker.exists()


# Whom it does not let in.

WRONG = [
    ({}, 401),
    ({"Authorization": "Bearer nonsense"}, 401),
    ({"Authorization": f"Basic {TOKEN}"}, 401),
    ({"Authorization": f"Bearer {TOKEN}x"}, 401),
    (BEARER | {"Host": "evil.example"}, 403),
    (BEARER | {"Host": "localhost.evil.example:80"}, 403),
    (BEARER | {"Host": "192.168.0.7"}, 403),
    (BEARER | {"Origin": "https://evil.example"}, 403),
    (BEARER | {"Origin": "null"}, 403),
]


@pytest.mark.parametrize(("headers", "status"), WRONG)
async def test_a_stranger_is_refused_on_both_transports(server, headers, status):
    async with httpx.AsyncClient() as client:
        response = await client.post(server.http, json=INITIALIZE, headers=headers)
        assert response.status_code == status
        assert response.json()["error"]
    if "Host" not in headers:  # the client sets its own
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(server.socket, additional_headers=headers)
        assert refused.value.response.status_code == status


@pytest.mark.parametrize("headers", [{"Host": "localhost:9"}, {"Host": "[::1]"}, {"Origin": "http://localhost:3000"}])
async def test_a_page_of_this_machine_may_connect(server, headers):
    async with httpx.AsyncClient() as client:
        response = await client.post(server.http, json=INITIALIZE, headers=BEARER | headers)
        assert response.json()["result"]["protocolVersion"] == 1
        connection = {"Acp-Connection-Id": response.headers["acp-connection-id"]}
        assert (await client.delete(server.http, headers=BEARER | connection)).status_code == 202


async def test_a_browser_gives_its_token_in_the_address(server):
    async with connect(f"{server.socket}?token={TOKEN.replace(' ', '%20')}") as socket:
        await socket.send(json.dumps(INITIALIZE, indent=2))
        assert json.loads(await socket.recv())["result"]["protocolVersion"] == 1
    async with httpx.AsyncClient() as client:
        response = await client.post(server.http, json=INITIALIZE, params={"token": TOKEN})
        assert response.status_code == 401


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "--allow-remote allows it"),
        (["--host", "0.0.0.0", "--allow-remote"], "at least 16 characters"),
        (["--host", "0.0.0.0", "--allow-remote", "--token", "short"], "at least 16 characters"),
        (["--host", "no.such.host.invalid", "--allow-remote", "--token", TOKEN], "cannot listen on"),
    ],
)
def test_what_would_be_careless_is_not_started(tmp_path, arguments, sentence):
    server = Server(tmp_path / "home", *arguments, token="")
    out, err = server.popen.communicate(timeout=30)
    assert (server.popen.returncode, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_without_its_extra_it_says_what_to_install():
    code = "import sys; sys.modules['uvicorn'] = None; from punie_acp.cli import app; app(['serve'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "punie-acp: uvicorn is not installed; serving needs the extra: pip install 'punie-acp[serve]'\n"
    )


def test_without_a_token_one_is_made_and_said(tmp_path):
    with Server(tmp_path / "home", token="") as server:
        token = re.fullmatch(r"punie-acp: token: (\S{40,})\n", server.popen.stderr.readline())[1]
        response = httpx.post(server.http, json=INITIALIZE, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 200
        server.popen.send_signal(signal.SIGINT)
        out, err = server.popen.communicate(timeout=10)
        assert (server.popen.returncode, out, err) == (0, "", "")


async def test_elsewhere_than_on_the_loopback_it_goes_by_its_address(tmp_path):
    with Server(tmp_path / "home", "--host", "0.0.0.0", "--allow-remote") as server:
        assert "TLS" in server.popen.stderr.readline()
        async with httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{server.port}/acp"
            by_address = await client.post(url, json=INITIALIZE, headers=BEARER | {"Host": "10.1.2.3:80"})
            by_name = await client.post(url, json=INITIALIZE, headers=BEARER | {"Host": "evil.example"})
            assert (by_address.status_code, by_name.status_code) == (200, 403)


# What HTTP clients may get wrong.


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 501),
        (b"7", {}, 400),
        (b"[" * 5000, {}, 400),
        (json.dumps(INITIALIZE).encode(), {"Content-Type": "text/plain"}, 415),
        (b"x" * 1_000_001, {}, 413),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "session/list"}', {}, 400),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "session/list"}', {"Acp-Connection-Id": "none"}, 404),
    ],
)
async def test_a_post_that_is_none_gets_its_status(server, body, headers, status):
    async with httpx.AsyncClient() as client:
        headers = BEARER | {"Content-Type": "application/json"} | headers
        response = await client.post(server.http, content=body, headers=headers)
        assert response.status_code == status
        assert (await client.put(server.http, headers=headers)).status_code == 405
        assert (await client.get(server.http + "/other", headers=headers)).status_code == 404


async def test_a_stream_that_breaks_is_opened_again_and_nothing_is_lost(server, tmp_path):
    async with asyncio.timeout(30), httpx.AsyncClient(timeout=None) as client:
        answer = await client.post(server.http, json=INITIALIZE, headers=BEARER)
        headers = BEARER | {"Acp-Connection-Id": answer.headers["acp-connection-id"]}

        async def post(number, method, params, **extra):
            message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            assert (await client.post(server.http, json=message, headers=headers | extra)).status_code == 202

        async def fetch(number, **extra):
            """Messages until the answer to `number`, over a stream of its own."""
            stream = headers | extra | {"Accept": "text/event-stream"}
            async with client.stream("GET", server.http, headers=stream) as response:
                assert response.status_code == 200
                async for line in response.aiter_lines():
                    message = json.loads(line[6:]) if line.startswith("data: ") else {}
                    if message.get("id") == number and "method" not in message:
                        return message
            raise AssertionError("the stream ended")

        await post(2, "session/new", {"cwd": str(tmp_path), "mcpServers": []})
        session = (await fetch(2))["result"]["sessionId"]
        here = {"Acp-Session-Id": session}
        missing = {"jsonrpc": "2.0", "id": 3, "method": "session/prompt", "params": {}}
        assert (await client.post(server.http, json=missing, headers=headers)).status_code == 400
        for number in (4, 5):  # each is answered while nobody reads, and fetched afterwards
            prompt = {"sessionId": session, "prompt": [{"type": "text", "text": "x"}]}
            await post(number, "session/prompt", prompt, **here)
            assert (await fetch(number, **here))["result"]["stopReason"] == "end_turn"
        await post(6, "session/fly", {})
        assert (await fetch(6))["error"]["code"] == -32601
        assert (await client.delete(server.http, headers=headers)).status_code == 202
        await asyncio.sleep(0.2)
        assert (await client.delete(server.http, headers=headers)).status_code == 404


async def test_a_websocket_gets_an_error_for_what_is_no_message(server):
    async with connect(server.socket, additional_headers=BEARER) as socket:
        assert socket.response.headers["Acp-Connection-Id"]
        for text, code in [("{", -32700), ("[]", -32600), ('"x"', -32600)]:
            await socket.send(text)
            answer = json.loads(await socket.recv())
            assert (answer["id"], answer["error"]["code"]) == (None, code)
        await socket.send(b"binary frames mean nothing")
        await socket.send("x" * 1_000_001)
        with pytest.raises(websockets.ConnectionClosedError, match="1009"):
            await socket.recv()
