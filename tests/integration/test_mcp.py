"""MCP servers that a client names: their tools are functions of a program, and what fails costs nothing else."""

import sys
from pathlib import Path

import psutil
import pytest
from acp import RequestError

from tests.acp_client import spawn_agent

pytestmark = pytest.mark.anyio
SERVER = Path(__file__).parent.parent / "mcp_servers" / "server.py"


def stdio(name, *words, marks):
    """A server as a client names it."""
    return {
        "name": name,
        "command": sys.executable,
        "args": [str(SERVER), *words],
        "env": [{"name": "MARKS", "value": str(marks)}],
    }


@pytest.mark.slow
@pytest.mark.proves("session/new", "session/load")
async def test_tools_of_a_server_are_visible_calls_and_a_broken_server_is_told_of(tmp_path, project):
    model = "import:tests.integration.odd_models:prompted"
    async with spawn_agent(tmp_path / "home", model=model, settings={"mcp_start_seconds": 60}) as client:
        servers = [stdio("weather", "stdio", marks=tmp_path), stdio("lost", "broken", marks=tmp_path)]
        opened = await client.ask("session/new", cwd=str(project), mcpServers=servers)
        session = opened["sessionId"]

        program = "print(weather_forecast('Oslo')['days'][0]['high'])\nprint(weather_numbers(3))"
        await client.play(session, {"code": program})

        assert client.programs(session)[0]["rawOutput"]["output"] == "20.5\n[0, 1, 2]\n"
        first, second = client.calls(session)
        assert first.status == second.status == "completed"
        assert "forecast" in first["title"]
        assert "lost" in client.thoughts(session)
        running = servers_of(client)
        assert running
        await client.ask("session/close", sessionId=session)
        assert servers_of(client) == []
        await client.load(session, project)
        await client.play(session, {"code": "weather_forecast('Oslo')"})
        assert client.programs(session)[-1].status == "failed"


def servers_of(client):
    """The servers' processes that run."""
    found = [psutil.Process(pid).cmdline() for pid in client.process.child_pids()]
    return [command for command in found if str(SERVER) in command]


@pytest.mark.parametrize(
    ("server", "field"),
    [
        ("x", "mcpServers.0"),
        ({"command": "x"}, "mcpServers.0.name"),
        ({"name": "x"}, "mcpServers.0.command"),
        ({"name": "x", "command": "x", "args": [1]}, "mcpServers.0.args"),
        ({"name": "x", "command": "x", "args": [], "env": [{"name": "A"}]}, "mcpServers.0.env.0"),
        ({"name": "x", "type": "http"}, "mcpServers.0.url"),
        ({"name": "x", "type": "pigeon"}, "mcpServers.0.type"),
    ],
)
async def test_a_server_that_cannot_be_understood_is_named(hostile_agent, project, server, field):
    with pytest.raises(RequestError) as error:
        await hostile_agent.ask("session/new", cwd=str(project), mcpServers=[server])

    assert error.value.code == -32602
    assert str(error.value).startswith(f"{field}:") or str(error.value).startswith(f"{field} ")


@pytest.fixture(scope="module")
async def hostile_agent(tmp_path_factory):
    """An agent whose client sends what the schema forbids."""
    async with spawn_agent(tmp_path_factory.mktemp("agent"), hostile=True) as client:
        yield client
