"""A cancelled turn ends once, leaves nothing open and nothing running, and the session goes on."""

import asyncio

import pytest
from acp import RequestError

from tests.acp_client import TERMINALS, programs_prompt, spawn_agent
from tests.agent_process import alive

pytestmark = pytest.mark.anyio


async def cancelled(client, session, turn):
    """Cancel `turn`, and see that it ended as it should. The calls that it left."""
    began = asyncio.get_running_loop().time()
    await client.cancel(session)
    response = await turn
    assert response.stop_reason == "cancelled"
    assert asyncio.get_running_loop().time() - began < 2
    await asyncio.sleep(0.3)  # long enough for what should not come any more
    client.check()  # one answer, every call ended, terminals released, nothing after the end
    calls = client.all_calls(session)
    assert all(call.status in ("failed", "completed") for call in calls.values())
    before = len(client.text(session))
    assert (await client.prompt(session, "[]")).stop_reason == "end_turn"
    assert client.text(session)[before:] in ("[]", "done")
    return calls


async def test_while_the_model_answers(prompted_agent, project):
    client = prompted_agent
    session = await client.new_session(project)
    turn = client.start(session, '[{"text": "%s", "delay": 0.02}]' % ("word " * 500))
    await client.until(lambda: client.text(session).count("word") > 3)

    assert await cancelled(client, session, turn) == {}

    assert client.text(session).count("word") < 200


async def test_while_the_model_thinks_about_the_prompt(prompted_agent, project):
    client = prompted_agent
    session = await client.new_session(project)
    turn = client.start(session, '[{"text": "late", "wait": 20}]')
    await asyncio.sleep(0.5)

    await cancelled(client, session, turn)


async def test_while_the_model_writes_a_program(prompted_agent, project):
    client = prompted_agent
    session = await client.new_session(project)
    turn = client.start(session, '[{"code": "write_file(\'a.txt\', \'\')%s", "delay": 0.02}]' % (" #" * 400))
    await client.until(lambda: client.programs(session))

    [program] = (await cancelled(client, session, turn)).values()

    assert program.status == "failed"
    assert not (project / "a.txt").exists()


@pytest.mark.proves("session/cancel")
async def test_while_a_program_is_busy(client, project):
    session = await client.new_session(project)
    await client.run(session, "kept = 41")
    turn = client.start(session, programs_prompt("kept = 0\nprint('busy')\nwhile True:\n    kept += 1"))
    await client.until(lambda: "```\nbusy" in client.programs(session)[-1].texts)

    calls = await cancelled(client, session, turn)
    await client.run(session, "print(kept + 1)")

    assert calls["t2/p1"].status == "failed"
    assert client.text(session).endswith("42")


async def test_while_a_command_runs_no_process_is_left(client, project):
    session = await client.new_session(project)
    await client.run(session, "print('ready')")
    before = client.process.child_pids()
    command = "sleep 61 & trap '' TERM; echo be''gun; sleep 60; touch survived"
    turn = client.start(session, programs_prompt(f"run_command({command!r})\nprint('on')"))
    await client.until(lambda: "begun" in "".join(call.texts for call in client.calls(session)))
    started = client.process.child_pids() - before
    assert len(started) >= 3

    calls = await cancelled(client, session, turn)

    assert alive(started) == set()
    assert [calls["t2/p1"].status, calls["t2/p1/1"].status] == ["failed", "failed"]
    assert not (project / "survived").exists()


@pytest.mark.proves("session/cancel", "client:terminal/kill", "client:terminal/release", "capability:terminal")
async def test_while_a_command_runs_in_a_terminal_of_the_client(tmp_path, project):
    async with spawn_agent(tmp_path / "home", capabilities=TERMINALS, settings={"mode": "auto"}) as client:
        session = await client.new_session(project)
        turn = client.start(session, programs_prompt("run_command('echo begun; sleep 60')"))
        await client.until(lambda: "terminal/wait_for_exit" in client.editor.methods())

        await cancelled(client, session, turn)

        [terminal] = client.editor.terminals.values()
        assert terminal.released
        assert terminal.process.poll() is not None


async def test_while_a_permission_is_pending(client, project):
    client.allow = "never"
    session = await client.new_session(project)
    turn = client.start(session, programs_prompt("write_file('a.txt', '')"))
    await client.until(lambda: client.questions)

    calls = await cancelled(client, session, turn)

    assert calls["t1/p1/1"].statuses == ["pending", "failed"]
    assert not (project / "a.txt").exists()


async def test_while_a_permission_is_pending_that_the_client_never_answers(tmp_path, project):
    async with spawn_agent(tmp_path / "home", allow="never", unanswered=True) as client:
        client.answers_cancel = False
        session = await client.new_session(project)
        turn = client.start(session, programs_prompt("write_file('a.txt', '')"))
        await client.until(lambda: client.questions)
        await client.cancel(session)

        assert (await turn).stop_reason == "cancelled"

        assert not (project / "a.txt").exists()
        assert [call.statuses for call in client.calls(session)] == [["pending", "failed"]]
        assert (await client.prompt(session, "Hello")).stop_reason == "end_turn"


async def test_a_cancel_ends_the_prompts_that_wait_as_well(client, project):
    session = await client.new_session(project)
    first = client.start(session, programs_prompt("run_command('sleep 60')"))
    await client.until(lambda: client.calls(session))
    second = client.start(session, programs_prompt("write_file('a.txt', '')"))
    await asyncio.sleep(0.1)

    await client.cancel(session)

    assert [(await turn).stop_reason for turn in (first, second)] == ["cancelled", "cancelled"]
    assert not (project / "a.txt").exists()


async def test_a_cancel_without_a_turn_changes_nothing(client, project):
    session = await client.new_session(project)

    await client.cancel(session)
    await client.cancel(session)

    assert (await client.run(session, "print(1)")).stop_reason == "end_turn"
    assert client.text(session).strip() == "1"


async def test_a_cancel_leaves_the_other_sessions_alone(client, project):
    one, other = await client.new_session(project), await client.new_session(project)
    turns = [client.start(session, programs_prompt("run_command('sleep 1')")) for session in (one, other)]
    await client.until(lambda: client.calls(one) and client.calls(other))

    await client.cancel(one)

    assert [(await turn).stop_reason for turn in turns] == ["cancelled", "end_turn"]


async def test_a_program_cannot_refuse_to_be_cancelled(client, project):
    session = await client.new_session(project)
    code = "while True:\n    try:\n        run_command('sleep 5')\n    except BaseException:\n        print('never')"
    turn = client.start(session, programs_prompt(code))
    await client.until(lambda: client.calls(session))

    calls = await cancelled(client, session, turn)

    assert len([call_id for call_id in calls if call_id.count("/") == 2]) == 1


@pytest.mark.proves("$/cancel_request")
async def test_a_cancelled_request_is_answered_as_such(client, project):
    session = await client.new_session(project)
    turn = client.start(session, programs_prompt("run_command('sleep 60')"))
    await client.until(lambda: client.calls(session))
    [request] = [
        m for _, sender, m in client.messages(session) if sender == "client" and m["method"] == "session/prompt"
    ]

    await client.process.send({"jsonrpc": "2.0", "method": "$/cancel_request", "params": {"requestId": request["id"]}})

    with pytest.raises(RequestError) as answer:
        await turn
    assert answer.value.code == -32800
    assert client.all_calls(session)["t1/p1"].status == "failed"
