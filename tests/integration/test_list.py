"""Which sessions a client is told of: newest first, by folder, page by page; and what closing and deleting leave."""

import json

import psutil
import pytest
from acp import RequestError

from punie_acp.server.store import open_store
from punie_acp.server.store.base import SessionRecord
from tests.acp_client import programs_prompt

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(echo_agent):
    echo_agent.allow = "allow_once"
    echo_agent.questions.clear()
    yield echo_agent
    echo_agent.check()


async def listed(client, **params):
    """All that `session/list` gives, page by page: the sizes of the pages, and the sessions."""
    sizes, sessions, cursor = [], [], None
    while True:
        page = await client.ask("session/list", **params | ({"cursor": cursor} if cursor else {}))
        sizes.append(len(page["sessions"]))
        sessions += page["sessions"]
        cursor = page.get("nextCursor")
        if cursor is None:
            return sizes, sessions


@pytest.mark.proves("session/list", "capability:sessionCapabilities.list")
async def test_sessions_are_listed_with_their_titles_the_last_used_first(client, project):
    first, second = await client.new_session(project), await client.new_session(project)
    await client.prompt(second, "# *Second*   question\nwith more")
    await client.prompt(first, "First question")

    _, sessions = await listed(client, cwd=str(project))

    assert [(session["sessionId"], session["title"]) for session in sessions] == [
        (first, "First question"),
        (second, "Second question"),
    ]
    assert all(session["cwd"] == str(project) for session in sessions)
    assert sessions[0]["updatedAt"] > sessions[1]["updatedAt"]
    [told] = client.kinds(second, "session_info_update")
    assert told["title"] == "Second question"


async def test_sessions_of_other_folders_are_listed_only_without_a_filter(client, project, tmp_path):
    session = await client.new_session(project)
    await client.prompt(session, "Here")

    assert await listed(client, cwd=str(tmp_path)) == ([0], [])
    assert session in [other["sessionId"] for other in (await listed(client))[1]]


async def test_a_long_list_comes_in_pages_without_losing_or_repeating_any(client, project, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    store = open_store(client.process.stderr.parent / "data" / "sessions.db")
    for number in range(120):
        store.create_session(SessionRecord(f"many-{number}", str(folder), title=f"Number {number}"))
    store.close()

    sizes, sessions = await listed(client, cwd=str(folder))

    assert sizes == [50, 50, 20]
    assert {session["sessionId"] for session in sessions} == {f"many-{number}" for number in range(120)}


async def test_a_session_in_which_nothing_was_asked_is_listed_only_while_it_is_open(client, project):
    session = await client.new_session(project)
    assert [found["sessionId"] for found in (await listed(client, cwd=str(project)))[1]] == [session]

    await client.ask("session/close", sessionId=session)

    assert await listed(client, cwd=str(project)) == ([0], [])
    await client.load(session, project)  # it is kept all the same


@pytest.mark.parametrize(
    ("params", "field"), [({"cursor": "nonsense"}, "cursor"), ({"cwd": "here"}, "cwd"), ({"cwd": "/\0"}, "cwd")]
)
async def test_what_cannot_be_listed_is_refused(client, params, field):
    with pytest.raises(RequestError, match=field) as error:
        await client.ask("session/list", **params)

    assert error.value.code == -32602


@pytest.mark.proves("session/close", "capability:sessionCapabilities.close")
async def test_closing_a_session_ends_its_turn_and_its_commands_and_keeps_what_was_said(client, project):
    session = await client.new_session(project)
    turn = client.start(session, programs_prompt("run_command('sleep 61')"))
    await client.until(lambda: sleeping(client))

    assert await client.ask("session/close", sessionId=session) == {}

    assert (await turn).stop_reason == "cancelled"
    assert sleeping(client) == []
    with pytest.raises(RequestError, match="load or resume it first") as error:
        await client.prompt(session, "Hello")
    assert error.value.code == -32002
    assert await client.ask("session/close", sessionId=session) == {}
    await client.load(session, project)
    assert [call.status for call in client.calls(session)] == ["failed"]
    assert (await client.prompt(session, "Hello")).stop_reason == "end_turn"


def sleeping(client):
    """The processes of the agent that are `sleep 61`."""
    return [pid for pid in client.process.child_pids() if psutil.Process(pid).cmdline() == ["sleep", "61"]]


@pytest.mark.proves("session/delete", "capability:sessionCapabilities.delete")
async def test_a_deleted_session_is_gone(client, project):
    session = await client.new_session(project)
    await client.prompt(session, "Secret")
    turn = client.start(session, programs_prompt("run_command('sleep 60')"))
    await client.until(lambda: client.calls(session))

    assert await client.ask("session/delete", sessionId=session) == {}

    assert (await turn).stop_reason == "cancelled"
    assert await listed(client, cwd=str(project)) == ([0], [])
    for method in ("session/load", "session/resume", "session/delete"):
        with pytest.raises(RequestError) as error:
            await client.ask(method, sessionId=session, cwd=str(project), mcpServers=[])
        assert error.value.code == -32002


@pytest.mark.proves("session/fork")
async def test_a_fork_knows_what_was_said_and_goes_its_own_way(recalling_agent, project):
    client = recalling_agent
    session = await client.new_session(project)
    await client.prompt(session, "Before")

    forked = await client.ask("session/fork", sessionId=session, cwd=str(project))
    fork = forked["sessionId"]
    await client.prompt(fork, "In the fork")
    await client.prompt(session, "In the first")

    assert client.text(fork).startswith("Before\nIn the fork")
    assert "In the fork" not in client.text(session)
    assert forked["modes"]["currentModeId"] == "auto"
    titles = {found["sessionId"]: found["title"] for found in (await listed(client, cwd=str(project)))[1]}
    assert titles == {session: "Before", fork: "Before (fork)"}
    client.check()


async def test_what_is_stored_of_a_turn_is_merged(client, project):
    session = await client.new_session(project)
    await client.run(session, "for i in range(3):\n    print(i)\n    run_command('sleep 0.15; echo ' + str(i))")
    told = [u for u in client.updates(session) if u.data["sessionUpdate"].startswith(("tool_call", "agent_message"))]

    store = open_store(client.process.stderr.parent / "data" / "sessions.db")
    kept = [stored.update for stored in store.updates(session)]
    store.close()

    assert len(told) > len(kept) == 1 + 1 + 3 + 1 + 1  # prompt, program, its calls, answer, usage
    assert "in_progress" not in json.dumps(kept)
