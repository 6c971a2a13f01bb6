"""Commands of the user that need no model."""

import json

import pytest
from acp.schema import ResourceContentBlock, TextContentBlock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(recalling_agent):
    yield recalling_agent
    recalling_agent.check()


async def said(client, session, prompt):
    """What is answered to a prompt."""
    before = len(client.text(session))
    assert (await client.prompt(session, prompt)).stop_reason == "end_turn"
    return client.text(session)[before:]


@pytest.mark.proves("update:available_commands_update")
async def test_the_commands_are_told_after_the_session_is_opened(client, project):
    session = await client.new_session(project)
    [update] = await client.until(lambda: client.kinds(session, "available_commands_update"))
    names = [command["name"] for command in update["availableCommands"]]
    assert names[0] == "help"
    assert {"status", "model", "mode", "compact", "sessions", "doctor", "permissions"} < set(names)

    await client.ask("session/close", sessionId=session)
    await client.load(session, project)
    await client.until(lambda: len(client.kinds(session, "available_commands_update")) == 2)

    order = [json.loads(line.data) for line in client.process.lines if line.sender == "agent"]
    kinds = [
        "answer" if "id" in m else m["params"]["update"]["sessionUpdate"]
        for m in order
        if "method" not in m or m["params"].get("sessionId") == session
    ]
    assert kinds[-2:] == ["answer", "available_commands_update"]


async def test_help_lists_what_is_told(client, project):
    session = await client.new_session(project)
    answer = await said(client, session, "/help")
    [update] = client.kinds(session, "available_commands_update")

    assert all(f"`/{command['name']}" in answer for command in update["availableCommands"])


async def test_status_tells_model_mode_limits_and_context(client, project):
    session = await client.new_session(project)
    assert "context: nothing yet" in await said(client, session, "/status")
    await client.prompt(session, "Hello")
    [usage] = client.kinds(session, "usage_update")

    status = await said(client, session, "/status")

    assert "odd_models:recalling" in status
    assert "mode: Auto" in status
    assert "12 model requests" in status
    assert f"{usage['used']} of {usage['size']} tokens" in status
    assert str(project) in status


async def test_mode_and_model_are_shown_and_changed(client, project):
    session = await client.new_session(project)

    assert "`auto`" in await said(client, session, "/mode")
    assert "The mode is `read-only`" in await said(client, session, "/mode read-only")
    assert "no mode `fast`" in await said(client, session, "/mode fast")
    assert "(now)" in await said(client, session, "/model")
    assert "no model `gpt`" in await said(client, session, "/model gpt")
    assert "The model stays" in await said(client, session, "/model auto")  # none is installed

    assert [update["currentModeId"] for update in client.kinds(session, "current_mode_update")] == ["read-only"]
    assert len(client.kinds(session, "config_option_update")) == 1


async def test_commands_are_no_part_of_what_the_model_knows_and_are_shown_again(client, project):
    session = await client.new_session(project)
    await client.prompt(session, "One")
    mode = await said(client, session, "/mode")
    await client.ask("session/close", sessionId=session)
    await client.load(session, project)
    await said(client, session, "/mode")

    assert (await said(client, session, "Two")).split("\n")[:2] == ["One", "Two"]
    prompts = [chunk["content"]["text"] for chunk in client.kinds(session, "user_message_chunk")]
    assert prompts == ["One", "/mode"]
    assert client.shown(session)["messages"]["agent_message_chunk", "t2/m1"].startswith(mode)
    assert client.kinds(session, "session_info_update")[-1]["title"] == "One"


async def test_what_only_looks_like_a_command_goes_to_the_model(client, project):
    session = await client.new_session(project)

    assert await said(client, session, "/etc/hosts is what?") == "/etc/hosts is what?"
    assert (await said(client, session, "/helpless")).endswith("/helpless")
    assert (await said(client, session, "What is /help?")).endswith("What is /help?")


async def test_a_command_with_something_attached_is_still_one(client, project):
    session = await client.new_session(project)
    link = ResourceContentBlock(type="resource_link", name="a", uri=(project / "README.md").as_uri())

    assert "`/help`" in await said(client, session, [TextContentBlock(type="text", text="/help"), link])


async def test_compact_forgets_the_oldest_turns(client, project):
    session = await client.new_session(project)
    assert "remembers no turn yet" in await said(client, session, "/compact")
    await client.prompt(session, "Short")
    assert "Nothing was dropped" in await said(client, session, "/compact")
    for name in ("first", "second", "third"):
        await client.prompt(session, f"{name} " + "word " * 900)

    assert "forgotten the oldest" in await said(client, session, "/compact")

    answer = await said(client, session, "Recall")
    assert "Short" not in answer
    assert "third" in answer
    assert "\nRecall" in answer


async def test_sessions_of_this_folder_are_listed(client, project):
    first, second = await client.new_session(project), await client.new_session(project)
    assert "Nothing has been asked" in await said(client, first, "/sessions")
    await client.prompt(first, "The first question")

    answer = await said(client, second, "/sessions")

    assert "The first question" in answer
    assert first in answer


async def test_permissions_are_shown_and_revoked(client, project):
    session = await client.new_session(project)
    await client.set_mode(session, "ask")
    assert "Nothing is remembered" in await said(client, session, "/permissions")
    client.allow = "allow_always"
    await client.play(session, {"code": "run_command('git status')"})

    assert "git status" in await said(client, session, "/permissions")
    assert "Forgotten" in await said(client, session, "/permissions revoke 1")
    assert "Nothing is remembered" in await said(client, session, "/permissions")


@pytest.mark.slow
async def test_doctor_checks_the_installation_and_can_be_cancelled(client, project):
    session = await client.new_session(project)

    answer = await said(client, session, "/doctor")
    assert "✓" in answer
    assert "Python 3" in answer

    before = client.process.child_pids()
    turn = client.start(session, "/doctor")
    await client.until(lambda: client.process.child_pids() - before)
    await client.cancel(session)
    assert (await turn).stop_reason == "cancelled"
