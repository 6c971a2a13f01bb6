"""Live output of the agent's own processes, to clients with and without `_meta` terminals: its cost and its end."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from acp.schema import ClientCapabilities, FileSystemCapabilities

from tests.acp_client import NOTHING, spawn_agent

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
STREAMS = ClientCapabilities(
    fs=FileSystemCapabilities(read_text_file=False, write_text_file=False),
    terminal=False,
    field_meta={"terminal_output": True},
)


@pytest.fixture(scope="module", params=["plain", "terminals"])
async def echo_agent(request, tmp_path_factory):
    """An agent that runs commands itself: for a client that shows text, then for one that shows terminals."""
    offers = STREAMS if request.param == "terminals" else NOTHING
    async with spawn_agent(tmp_path_factory.mktemp("agent"), capabilities=offers, settings={"mode": "auto"}) as client:
        yield client


def streams(client):
    return client._capabilities is STREAMS


def terminal_text(call):
    """What a terminal shows of `call`."""
    metas = (update.data.get("_meta", {}) for update in call.updates)
    return "".join(meta["terminal_output"]["data"] for meta in metas if "terminal_output" in meta)


def size_on_wire(client, session):
    """Bytes of all updates of the session's external calls."""
    calls = {call.id.encode() for call in client.calls(session)}
    return sum(
        len(line.data) for line in client.process.lines if line.sender == "agent" and any(c in line.data for c in calls)
    )


async def test_output_is_seen_as_it_comes_and_whole_at_the_end(client, project):
    session = await client.new_session(project)

    await client.run(session, "r = run_command('echo one; sleep 0.4; echo two >&2; exit 3')\nprint(r.exit_code)")

    [call] = client.calls(session)
    if streams(client):
        assert call.updates[0].data["_meta"]["terminal_info"] == {"terminal_id": call.id, "cwd": str(project)}
        assert call["content"] == [{"type": "terminal", "terminalId": call.id}]
        assert terminal_text(call) == "one\ntwo\n"
        assert call["_meta"]["terminal_exit"] == {"terminal_id": call.id, "exit_code": 3, "signal": None}
        assert call["rawOutput"]["formatted_output"] == "one\ntwo\n"
        first = next(update for update in call.updates if "terminal_output" in update.data.get("_meta", {}))
    else:
        assert call.texts == "```\none\ntwo\n```"
        first = next(update for update in call.updates if "one" in str(update.data.get("content")))
    assert call.updates[-1].at - first.at > 0.3


@pytest.mark.parametrize("size", [1, 8], ids=["1 MiB", "8 MiB"])
async def test_a_flood_costs_no_more_than_a_constant_times_its_size(client, project, size):
    session = await client.new_session(project)
    agent = psutil.Process(client.process.popen.pid)
    before = agent.memory_info().rss

    await client.run(
        session, f"r = run_command('yes 0123456789abcde | head -c {size * MIB}; echo end')\nprint(r.stdout[-4:])"
    )

    [call] = client.calls(session)
    assert client.text(session).strip() == "end"
    assert size_on_wire(client, session) < 1.3 * size * MIB + 400_000
    if streams(client):
        assert len(terminal_text(call)) == size * MIB + 4
    else:
        assert "characters left out" in call.texts
        assert call.texts.endswith("end\n```")
    assert agent.memory_info().rss - before < 60 * MIB


async def test_a_cancelled_command_ends_its_terminal(client, project):
    session = await client.new_session(project)
    turn = client.start(session, "````python\nrun_command('echo started; sleep 30')\n````")
    await client.until(lambda: [call for call in client.calls(session) if "started" in str(call.updates)])

    await client.cancel(session)

    assert (await turn).stop_reason == "cancelled"
    [call] = client.calls(session)
    assert call.status == "failed"
    if streams(client):
        assert call["_meta"]["terminal_exit"]["exit_code"] is None


async def test_a_loaded_session_shows_the_output_as_text(client, project):
    session = await client.new_session(project)
    await client.run(session, "run_command('echo hello; echo bad >&2')")
    await client.ask("session/close", sessionId=session)
    told = len(client.updates(session))

    await client.load(session, project)

    again = [u.data for u in client.updates(session)[told:] if u.data.get("toolCallId", "").count("/") == 2]
    assert [update["status"] for update in again] == ["completed"]
    assert "hello" in str(again[0]["content"])
    assert "terminal" not in str(again[0]["content"])


async def test_a_program_reads_the_whole_of_an_output_that_was_cut(client, project):
    session = await client.new_session(project)

    await client.run(
        session,
        "out = run_command('seq 1 400000').stdout\n"
        "path = out.split('all of it is in ')[1].split(' ')[0]\n"
        "print(read_file(path, 200000, 200001))",
    )

    assert client.text(session).split() == ["200000", "200001"]
    path = client.calls(session)[1]["locations"][0]["path"]
    assert path.endswith("-stdout.txt")
    await client.ask("session/delete", sessionId=session)
    assert not Path(path).exists()
