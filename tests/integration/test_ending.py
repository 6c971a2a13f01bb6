"""However the agent is made to end, it ends soon and leaves no process behind."""

import asyncio
import time

import pytest

from tests.acp_client import TERMINALS, programs_prompt, spawn_agent
from tests.agent_process import alive

pytestmark = pytest.mark.anyio
STUBBORN = "trap '' TERM HUP; sleep 61 & echo be''gun; sleep 60"

WAYS = {
    "both pipes closed": lambda process: process.close(),
    "standard input closed": lambda process: process.close_input(),
    "SIGTERM": lambda process: process.terminate(),
}


@pytest.mark.parametrize("way", WAYS)
async def test_during_a_command(tmp_path, project, way):
    async with spawn_agent(tmp_path / "home", settings={"mode": "auto"}, unanswered=True) as client:
        session = await client.new_session(project)
        turn = client.start(session, programs_prompt(f"run_command({STUBBORN!r})"))
        await client.until(lambda: "begun" in "".join(call.texts for call in client.calls(session)))
        children = client.process.child_pids()
        assert len(children) >= 3

        seconds, code = await end(client, way)
        await drop(turn)

        assert seconds < 2
        assert code == 0
        assert alive(children) == set()
        assert "Traceback" not in client.process.stderr.read_text()


async def end(client, way):
    """Make the agent end; how long that took, and its exit code."""
    began = time.monotonic()
    WAYS[way](client.process)
    code = await client.process.wait_exit()
    return time.monotonic() - began, code


async def drop(turn):
    """The turn of a client whose agent is gone."""
    await asyncio.wait([turn], timeout=2)
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)


async def test_killed_outright_it_leaves_no_command_running(tmp_path, project):
    async with spawn_agent(tmp_path / "home", settings={"mode": "auto"}, unanswered=True) as client:
        session = await client.new_session(project)
        turn = client.start(session, programs_prompt(f"run_command({STUBBORN!r})"))
        await client.until(lambda: "begun" in "".join(call.texts for call in client.calls(session)))
        children = client.process.child_pids()

        client.process.popen.kill()
        await client.process.wait_exit()
        await drop(turn)
        async with asyncio.timeout(3):
            while alive(children):  # noqa: ASYNC110 - processes have no event
                await asyncio.sleep(0.02)


async def test_during_a_busy_program(tmp_path, project):
    async with spawn_agent(tmp_path / "home", unanswered=True) as client:
        session = await client.new_session(project)
        turn = client.start(session, programs_prompt("read_file('README.md')\nx = 10**10**8"))
        await client.until(lambda: client.calls(session) and client.calls(session)[0].status == "completed")
        await asyncio.sleep(0.2)
        children = client.process.child_pids()

        seconds, code = await end(client, "both pipes closed")
        await drop(turn)

        assert seconds < 2
        assert code == 0
        assert alive(children) == set()


async def test_while_a_permission_is_pending(tmp_path, project):
    async with spawn_agent(tmp_path / "home", allow="never", unanswered=True) as client:
        session = await client.new_session(project)
        turn = client.start(session, programs_prompt("write_file('a.txt', '')"))
        await client.until(lambda: client.questions)

        seconds, code = await end(client, "both pipes closed")
        await drop(turn)

        assert (seconds < 2, code) == (True, 0)
        assert not (project / "a.txt").exists()


async def test_while_nobody_reads_what_it_writes(tmp_path, project):
    async with spawn_agent(
        tmp_path / "home", capabilities=TERMINALS, settings={"mode": "auto"}, unanswered=True
    ) as client:
        session = await client.new_session(project)
        client.process.stop_reading()
        turn = client.start(
            session, programs_prompt("for n in range(400):\n    read_file('README.md')\n    print('x' * 900)")
        )
        await asyncio.sleep(1.5)

        seconds, code = await end(client, "both pipes closed")
        await drop(turn)

        assert (seconds < 2, code) == (True, 0)


async def test_before_anything_was_said(tmp_path):
    async with spawn_agent(tmp_path / "home") as client:
        seconds, code = await end(client, "standard input closed")

        assert (seconds < 2, code) == (True, 0)
        assert client.process.stderr.read_text() == ""
