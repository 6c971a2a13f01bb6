"""Conversations that are opened again: in another process, after a crash, twice, and beside each other."""

import asyncio
import json

import pytest
from acp import RequestError

from tests.acp_client import spawn_agent

pytestmark = pytest.mark.anyio
RECALLING = {"model": "import:tests.integration.odd_models:recalling", "settings": {"mode": "auto"}}

BUSY_TURN = [
    {
        "thought": "I should look first.",
        "text": "Plan:\n- [x] look\n- [ ] write\n",
        "code": "print(read_file('README.md'))\nwrite_file('new.txt', 'a\\n')\nprint(run_command('echo out').stdout)",
    },
    {"code": "read_file('missing.txt')"},
    {"text": "One was missing."},
]


@pytest.mark.proves(
    "session/load",
    "capability:loadSession",
    "update:user_message_chunk",
    "update:agent_message_chunk",
    "update:agent_thought_chunk",
    "update:tool_call",
    "update:plan",
    "update:session_info_update",
    "update:usage_update",
)
async def test_a_conversation_loaded_in_another_process_is_shown_as_it_was_and_goes_on(tmp_path, project):
    async with spawn_agent(tmp_path / "home", **RECALLING) as client:
        session = await client.new_session(project)
        await client.play(session, *BUSY_TURN)
        await client.prompt(session, "What was said?")
        before, answer = client.shown(session), client.text(session)

    async with spawn_agent(tmp_path / "home", **RECALLING) as client:
        loaded = await client.load(session, project)
        replayed = client.updates(session)
        after = client.shown(session)

        assert after["messages"] == before["messages"]
        assert list(after["calls"]) == list(before["calls"])
        for call_id, call in after["calls"].items():
            assert call == before["calls"][call_id]
        assert after == before
        assert len(after["calls"]) == 2 + 4
        assert [chunk["content"]["text"] for chunk in client.kinds(session, "user_message_chunk")] == [
            json.dumps(BUSY_TURN),
            "What was said?",
        ]
        ids = [u.data.get("messageId") or u.data.get("toolCallId") for u in replayed]
        assert len(set(filter(None, ids))) == len(list(filter(None, ids)))  # one update a message, one a call
        assert loaded["modes"]["currentModeId"] == "auto"

        await client.prompt(session, "And before?")
        said = client.text(session).removeprefix(answer)
        assert "# Shapes" in said  # what the first program had printed
        assert "What was said?" in said
        assert client.kinds(session, "agent_message_chunk")[-1]["messageId"] == "t3/m1"


async def test_the_model_is_told_that_the_names_of_a_restored_session_are_gone(tmp_path, project):
    async with spawn_agent(tmp_path / "home", **RECALLING) as client:
        session = await client.new_session(project)
        await client.play(session, {"code": "kept = 1"})

    async with spawn_agent(tmp_path / "home", **RECALLING) as client:
        await client.load(session, project)
        await client.play(session, {"code": "print('kept' in globals())"})
        await client.prompt(session, "Recall")

        assert client.text(session).count("This session was restored") == 1


@pytest.mark.proves("session/load")
async def test_a_turn_that_was_cut_is_shown_as_interrupted_and_the_session_goes_on(tmp_path, project):
    async with spawn_agent(tmp_path / "home", unanswered=True, **RECALLING) as client:
        session = await client.new_session(project)
        script = [{"text": "Now.", "code": "print(1)"}, {"code": "run_command('echo begun; sleep 60')"}]
        turn = client.start(session, json.dumps(script))
        await client.until(lambda: "begun" in "".join(call.texts for call in client.calls(session)))
        client.process.popen.kill()
        turn.cancel()

    async with spawn_agent(tmp_path / "home", **RECALLING) as client:
        await client.load(session, project)

        statuses = {call_id: call.status for call_id, call in client.all_calls(session).items()}
        assert statuses == {"t1/p1": "completed", "t1/p2": "pending", "t1/p2/1": "pending"}
        assert client.text(session).startswith("Now.")
        await client.until(lambda: "This turn was interrupted" in client.text(session))
        assert len(client.kinds(session, "user_message_chunk")) == 1
        await client.prompt(session, "Recall")
        calls = client.all_calls(session)
        assert [call.status for call in calls.values()] == ["completed", "failed", "failed"]
        assert "begun" in calls["t1/p2/1"].texts
        assert "process ended" in calls["t1/p2/1"].texts
        assert "\n1\n" in client.text(session)  # what the completed program had printed
        assert client.kinds(session, "agent_message_chunk")[-1]["messageId"] == "t2/m1"


@pytest.mark.proves("session/resume", "capability:sessionCapabilities.resume")
async def test_a_resumed_session_goes_on_without_being_told_again(tmp_path, project):
    async with spawn_agent(tmp_path / "home", **RECALLING) as client:
        session = await client.new_session(project)
        await client.prompt(session, "Remember me")
        [usage] = client.kinds(session, "usage_update")

    async with spawn_agent(tmp_path / "home", **RECALLING) as client:
        resumed = await client.ask("session/resume", sessionId=session, cwd=str(project))
        assert [update.data for update in client.updates(session)] == [usage]
        assert resumed["modes"]["currentModeId"] == "auto"
        await client.prompt(session, "Recall")
        assert "Remember me" in client.text(session)


@pytest.fixture
async def client(recalling_agent):
    yield recalling_agent
    recalling_agent.check()


@pytest.mark.parametrize(
    "method", ["session/load", "session/resume", "session/fork", "session/close", "session/delete"]
)
async def test_a_session_that_was_never_there_is_not_found(client, project, method):
    params = {"sessionId": "none"}
    if method in ("session/load", "session/resume", "session/fork"):
        params |= {"cwd": str(project), "mcpServers": []}

    with pytest.raises(RequestError, match="none") as error:
        await client.ask(method, **params)

    assert error.value.code == -32002


async def test_a_session_is_loaded_with_its_own_folder_only(client, project, tmp_path):
    session = await client.new_session(project)

    with pytest.raises(RequestError, match="cwd: this session belongs to") as error:
        await client.load(session, tmp_path)

    assert error.value.code == -32602


async def test_loading_a_session_that_is_open_cancels_its_turn_and_opens_it_anew(client, project):
    session = await client.new_session(project)
    turn = client.start(session, '[{"code": "run_command(\'sleep 60\')"}]')
    await client.until(lambda: [call for call in client.calls(session) if call.status == "in_progress"])

    await client.load(session, project)

    assert (await turn).stop_reason == "cancelled"
    assert [call.status for call in client.calls(session)] == ["failed"]
    assert (await client.prompt(session, "Recall")).stop_reason == "end_turn"


async def test_a_prompt_right_behind_the_load_waits_for_it_and_a_cancel_right_behind_that_ends_it(client, project):
    session = await client.new_session(project)
    await client.prompt(session, "First")
    await client.ask("session/close", sessionId=session)
    seen = len(client.process.lines)

    load = asyncio.create_task(client.load(session, project))
    await asyncio.sleep(0)
    prompt = client.start(session, '[{"text": "late", "wait": 30}]')
    await asyncio.sleep(0)
    await client.cancel(session)

    assert "modes" in await load
    assert (await prompt).stop_reason == "cancelled"
    sent = [json.loads(line.data).get("method") for line in client.process.lines[seen:] if line.sender == "client"]
    assert sent == ["session/load", "session/prompt", "session/cancel"]


async def test_two_processes_with_one_session_take_turns_and_know_of_each_other(tmp_path, project):
    async with (
        spawn_agent(tmp_path / "home", **RECALLING) as one,
        spawn_agent(tmp_path / "home", **RECALLING) as other,
    ):
        session = await one.new_session(project)
        await one.prompt(session, "From one")
        await other.load(session, project)
        await other.prompt(session, "From the other")
        turn = one.start(session, '[{"code": "run_command(\'sleep 60\')"}]')
        await one.until(lambda: one.calls(session))

        with pytest.raises(RequestError, match="another window"):
            await other.prompt(session, "Now?")
        await one.cancel(session)
        await turn
        await other.prompt(session, "Recall")

        assert "From one\nFrom the other" in other.text(session)
        assert [call.id for call in one.calls(session)] == ["t3/p1/1"]


@pytest.mark.proves("session/new", "capability:sessionCapabilities.additionalDirectories")
async def test_additional_folders_belong_to_the_session_and_others_do_not(client, project, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.txt").write_text("in the library")
    (tmp_path / "outside.txt").write_text("outside")
    program = f"print(read_file({str(tmp_path / 'lib/a.txt')!r}))\nprint(read_file({str(tmp_path / 'outside.txt')!r}))"
    folders = {"cwd": str(project), "mcpServers": [], "additionalDirectories": [str(tmp_path / "lib")]}

    session = (await client.ask("session/new", **folders))["sessionId"]
    await client.play(session, {"code": program})

    assert [call.status for call in client.calls(session)] == ["completed", "failed"]
    assert client.programs(session)[0].status == "failed"
    assert "in the library" in client.programs(session)[0].texts
    await client.load(session, project)
    await client.play(session, {"code": program})
    assert "in the library" not in client.programs(session)[-1].texts
    with pytest.raises(RequestError, match=r"additionalDirectories\.0: there is no folder"):
        await client.ask("session/new", **folders | {"additionalDirectories": [str(tmp_path / "none")]})


async def test_prompts_that_are_sent_at_once_run_in_their_order(client, project):
    session = await client.new_session(project)

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(client.play(session, {"text": f"{number} "}))

    assert client.text(session) == "0 1 2 3 4 "
