"""An agent killed at random points of a turn: what its client was told is what the next agent tells."""

import asyncio
import json
import random

import psutil
import pytest

from punie_acp.server.store import open_store
from tests.acp_client import spawn_agent

pytestmark = pytest.mark.anyio
KILLS = 10
PROMPTED = {"model": "import:tests.integration.odd_models:prompted", "settings": {"mode": "auto"}, "unanswered": True}
TURN = [
    {
        "thought": "Let me look at it first. " * 3,
        "text": "I shall read, write and run. " * 3,
        "code": "text = read_file('README.md')\n"
        "for number in range(8):\n"
        "    write_file(f'out/{number}.txt', text * (number + 1))\n"
        "    print(number, run_command('echo begun; sleep 0.02; echo ended').stdout)\n",
        "delay": 0.002,
    },
    {"text": "It is written, and the commands have run. " * 5, "delay": 0.002},
]
KEPT = ("agent_message_chunk", "agent_thought_chunk", "tool_call", "tool_call_update", "plan", "usage_update")


@pytest.mark.slow
@pytest.mark.proves("session/load", "session/list")
async def test_what_a_client_was_told_is_there_however_the_agent_was_killed(tmp_path, project):
    chance, home, told, states = random.Random(4), tmp_path / "home", {}, []
    for number in range(KILLS + 1):
        async with spawn_agent(home, **PROMPTED) as client:
            listed = (await client.ask("session/list"))["sessions"]
            assert [session["sessionId"] for session in listed] == [*reversed(told)]
            if told:
                session = listed[0]["sessionId"]
                await client.load(session, project)
                check_shown(told[session], client.shown(session))
            if number < KILLS:
                session, shown = await run_and_kill(client, project, chance)
                told[session] = shown
        if number < KILLS:
            states.append(check_stored(home, session, client))
    assert states.count("interrupted") > KILLS / 2


async def run_and_kill(client, project, chance):
    """Begin a turn in a new session, and kill the agent in the midst of it. The session, and what a client shows."""
    session = await client.new_session(project)
    turn = client.start(session, json.dumps(TURN))
    enough = chance.randrange(1, 120)
    await client.until(lambda: turn.done() or len(client.updates(session)) >= enough)
    await asyncio.sleep(chance.uniform(0, 0.02))
    client.process.popen.kill()
    await client.process.wait_exit()
    await asyncio.wait([turn], timeout=2)  # until all that was in the pipe has been read
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    return session, client.shown(session)


def check_stored(home, session, client):
    """Whether the store has each update that `client` was sent, in order. Gives the state of the turn."""
    store = open_store(home / "data" / "sessions.db")
    (turn,) = store.turns(session)
    stored = [update.update for update in store.updates(session) if update.update["sessionUpdate"] in KEPT]
    store.close()
    sent = [update.data for update in client.updates(session) if update.data["sessionUpdate"] in KEPT]
    assert turn.state == "ended" or stored[: len(sent)] == sent
    return turn.state


def check_shown(before, after):
    """Whether `after`, what a client shows of the loaded session, has all of `before`, and nothing that is open."""
    for key, text in before["messages"].items():
        assert after["messages"][key].startswith(text)
    for call_id, call in before["calls"].items():
        if call["status"] in ("completed", "failed"):
            assert after["calls"][call_id] == call
    waiting = {"pending"}  # of a program that can go on
    assert {call["status"] for call in after["calls"].values()} <= {"completed", "failed"} | waiting


async def test_a_program_without_end_ends_with_its_agent(tmp_path, project):
    async with spawn_agent(tmp_path / "home", **PROMPTED) as client:
        session = await client.new_session(project)
        turn = client.start(
            session, json.dumps([{"code": "import time\nprint('be' + 'gun')\ntime.sleep(0.01)\nwhile True:\n    pass"}])
        )
        await client.until(lambda: "begun" in json.dumps(client.updates(session)))
        await asyncio.sleep(0.5)  # until it is in its loop
        workers = [
            one for one in psutil.Process(client.process.popen.pid).children() if "monty" in " ".join(one.cmdline())
        ]
        assert workers
        client.process.popen.kill()
        await client.process.wait_exit()
        await asyncio.wait([turn], timeout=2)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
        gone, alive = await asyncio.to_thread(psutil.wait_procs, workers, 20)
    assert len(gone) == len(workers), alive
