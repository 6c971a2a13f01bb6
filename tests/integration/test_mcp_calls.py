"""Calls of MCP tools as a client sees them: asked about, remembered, refused, cancelled, and ended with the agent."""

import asyncio
import json
import sys
import time
from pathlib import Path

import pytest

from tests.acp_client import spawn_agent
from tests.agent_process import alive
from tests.mcp_servers.conftest import web

pytestmark = pytest.mark.anyio
SERVER = Path(__file__).parent.parent / "mcp_servers" / "server.py"
MODEL = "import:tests.integration.odd_models:prompted"
PATIENT = {"mcp_start_seconds": 60}
__all__ = ["web"]


def program(code):
    """A prompt for which the prompted model writes `code`."""
    return json.dumps([{"code": code}])


@pytest.fixture
def marks(tmp_path):
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


async def open_session(client, project, *servers):
    return (await client.ask("session/new", cwd=str(project), mcpServers=list(servers)))["sessionId"]


def stdio(marks, *words):
    return {
        "name": "test",
        "command": sys.executable,
        "args": [str(SERVER), *(words or ("stdio",))],
        "env": [{"name": "MARKS", "value": str(marks)}],
    }


@pytest.mark.slow
@pytest.mark.proves("client:session/request_permission", "session/set_mode")
async def test_each_call_asks_and_an_answer_for_always_covers_one_tool(tmp_path, project, marks):
    async with spawn_agent(tmp_path / "home", model=MODEL, settings=PATIENT, allow="allow_always") as client:
        session = await open_session(client, project, stdio(marks))
        await client.play(session, {"code": "print(test_numbers(1), test_numbers(2), test_forecast('Bern')['city'])"})
        titles = [question["toolCall"]["title"] for question in client.questions]
        assert titles == ["test: numbers(count=1)", 'test: forecast(city="Bern")']
        assert client.programs(session)[-1]["rawOutput"]["output"] == "[0] [0, 1] Bern\n"
        first = client.calls(session)[0]
        assert (first["kind"], first["rawInput"], first.statuses) == (
            "other",
            {"count": 1},
            ["pending", "in_progress", "completed"],
        )

        client.allow = "reject_once"
        await client.play(session, {"code": "test_picture()"})
        assert client.calls(session)[-1].status == "failed"

        await client.prompt(session, "/status")
        assert "- MCP server test: ready, 10 tools" in client.text(session)

        await client.set_mode(session, "read-only")
        asked = len(client.questions)
        await client.play(session, {"code": "test_environment('HOME')"})
        assert client.calls(session)[-1].status == "failed"
        assert len(client.questions) == asked


@pytest.mark.slow
async def test_a_wrong_argument_costs_no_call(tmp_path, project, marks):
    async with spawn_agent(tmp_path / "home", model=MODEL, settings=PATIENT) as client:
        session = await open_session(client, project, stdio(marks))
        await client.play(session, {"code": "write_file('x.txt', 'x')\ntest_numbers('three')"})
        assert client.calls(session) == []
        assert "test_numbers takes count" in json.dumps(client.programs(session)[-1].fields)
        assert not (project / "x.txt").exists()


@pytest.mark.slow
@pytest.mark.proves("session/cancel")
async def test_a_cancelled_turn_cancels_the_call_and_keeps_the_server(tmp_path, project, marks):
    async with spawn_agent(tmp_path / "home", model=MODEL, settings=PATIENT | {"mode": "auto"}) as client:
        session = await open_session(client, project, stdio(marks))
        turn = client.start(session, program("test_wait(60)"))
        await client.until((marks / "waiting").exists, 40)
        await client.cancel(session)
        assert (await turn).stop_reason == "cancelled"
        await client.until((marks / "cancelled").exists)
        assert client.calls(session)[-1].status == "failed"
        await client.play(session, {"code": "print(test_numbers(1))"})
        assert client.programs(session)[-1]["rawOutput"]["output"] == "[0]\n"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["close", "terminate", "kill"])
async def test_no_process_outlives_the_agent(tmp_path, project, marks, way):
    settings = PATIENT | {"mode": "auto"}
    async with spawn_agent(tmp_path / "home", model=MODEL, settings=settings, unanswered=True) as client:
        session = await open_session(client, project, stdio(marks), stdio(marks, "silent") | {"name": "mute"})
        turn = client.start(session, program("test_leave_a_child()\ntest_wait(60)"))
        await client.until((marks / "waiting").exists, 90)
        children = {int(mark.name.split("-")[1]) for mark in marks.glob("*-*")} | client.process.child_pids()
        child = client.calls(session)[0]["rawOutput"]["result"]
        assert alive(children | {child}) == children | {child}

        began = time.monotonic()
        client.process.popen.kill() if way == "kill" else getattr(client.process, way)()
        await client.process.wait_exit()
        assert time.monotonic() - began < 3
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        async with asyncio.timeout(3):
            while alive(children | {child}):  # noqa: ASYNC110 - processes have no event
                await asyncio.sleep(0.02)


@pytest.mark.slow
@pytest.mark.proves("capability:mcpCapabilities.http", "capability:mcpCapabilities.sse")
async def test_servers_at_an_address_are_served_too(tmp_path, project, web):
    server, _ = web
    async with spawn_agent(tmp_path / "home", model=MODEL, settings=PATIENT | {"mode": "auto"}) as client:
        assert client.initialized.agent_capabilities.mcp_capabilities.http
        assert client.initialized.agent_capabilities.mcp_capabilities.sse
        headers = [{"name": name, "value": value} for name, value in server.headers.items()]
        named = {"type": server.transport, "name": "web", "url": server.url, "headers": headers}
        session = await open_session(client, project, named)
        await client.play(session, {"code": "print(web_forecast('Bern')['city'])"})
        assert client.programs(session)[-1]["rawOutput"]["output"] == "Bern\n"
