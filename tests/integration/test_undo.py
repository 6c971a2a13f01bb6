"""Undo over the wire: what a turn did comes back, by hand or through the editor, also in another process."""

from __future__ import annotations

import pytest

from tests.acp_client import FILES, TERMINALS, spawn_agent

pytestmark = pytest.mark.anyio

WRITES = "write_file('README.md', 'by the turn\\n')\nwrite_file('notes/new.md', 'new\\n')"
COMMAND = "run_command('echo more >> README.md; rm src/colours.py; mkdir gen; echo x > gen/x')"


def tree(root):
    return {str(path.relative_to(root)): path.is_dir() or path.read_text() for path in sorted(root.rglob("*"))}


@pytest.fixture
async def client(tmp_path):
    async with spawn_agent(tmp_path / "agent", settings={"mode": "auto"}) as client:
        yield client


async def say(client, session, command):
    """What the agent answers to a slash command."""
    before = len(client.text(session))
    response = await client.prompt(session, command)
    assert response.stop_reason == "end_turn"
    return client.text(session)[before:]


async def test_a_turn_is_undone_and_the_undo_too(client, project):
    session = await client.new_session(project)
    before = tree(project)
    await client.run(session, WRITES, COMMAND)
    after = tree(project)

    answer = await say(client, session, "/undo")

    assert tree(project) == before
    assert answer.startswith("Turn t1 is undone.")
    assert "`README.md`" in answer
    await say(client, session, "/undo u1")
    assert tree(project) == after


async def test_the_model_is_told_once_that_files_went_back(client, project):
    session = await client.new_session(project)
    await client.run(session, WRITES)
    await say(client, session, "/undo")

    assert await say(client, session, "And now?") == (
        "And now?\n(The user undid changes; these files are as they were before: README.md, notes, notes/new.md)"
    )
    assert await say(client, session, "Again?") == "Again?"


async def test_the_diff_of_a_turn_is_shown_without_a_model(client, project):
    session = await client.new_session(project)
    await client.run(session, WRITES)
    await client.run(session, "write_file('src/shapes.py', 'x = 1\\n')")

    last, first = await say(client, session, "/diff"), await say(client, session, "/diff 1")

    assert "--- a/src/shapes.py" in last
    assert "+x = 1" in last
    assert "`/diff t1`" in last
    assert "+by the turn" in first
    assert "--- /dev/null\n+++ b/notes/new.md" in first
    assert {call.status for call in client.calls(session)} == {"completed"}


async def test_what_the_user_changed_since_is_left_alone_and_named(client, project):
    session = await client.new_session(project)
    await client.run(session, WRITES)
    (project / "README.md").write_text("the user's\n")

    answer = await say(client, session, "/undo")

    assert (project / "README.md").read_text() == "the user's\n"
    assert not (project / "notes").exists()
    assert "`README.md` was changed since" in answer


async def test_undo_without_a_change_or_with_a_wrong_turn_says_so(client, project):
    session = await client.new_session(project)
    await client.run(session, "print(read_file('README.md'))")

    assert "nothing to undo" in await say(client, session, "/undo")
    assert "No turn" in await say(client, session, "/diff")
    assert "no turn t9" in await say(client, session, "/undo 9")
    assert "is no turn" in await say(client, session, "/undo everything")


@pytest.mark.proves("update:available_commands_update")
async def test_the_commands_are_offered(client, project):
    session = await client.new_session(project)
    offered = await client.until(
        lambda: [u.data for u in client.updates(session) if u.data["sessionUpdate"] == "available_commands_update"]
    )
    assert {"undo", "diff"} <= {command["name"] for command in offered[-1]["availableCommands"]}


async def test_a_cancelled_turn_can_be_undone(client, project):
    session = await client.new_session(project)
    before = tree(project)
    turn = client.start(session, "````python\nrun_command('echo x > README.md; sleep 30')\n````")
    await client.until(lambda: (project / "README.md").read_text() == "x\n")
    await client.cancel(session)
    assert (await turn).stop_reason == "cancelled"

    await say(client, session, "/undo")

    assert tree(project) == before


async def test_the_next_process_undoes_what_the_last_one_did_until_the_session_is_deleted(tmp_path, project):
    before = tree(project)
    async with spawn_agent(tmp_path / "agent", settings={"mode": "auto"}) as client:
        session = await client.new_session(project)
        await client.run(session, WRITES, COMMAND)
    async with spawn_agent(tmp_path / "agent", settings={"mode": "auto"}) as client:
        await client.load(session, project)
        await say(client, session, "/undo")
        assert tree(project) == before
        assert contents(tmp_path / "agent") > 0
        await client.ask("session/delete", sessionId=session)
    assert contents(tmp_path / "agent") == 0


def contents(home):
    """How many contents are kept."""
    import sqlite3

    [file] = (home / "data" / "checkpoints").glob("*.db")
    connection = sqlite3.connect(file)
    try:
        return connection.execute("SELECT count(*) FROM blobs").fetchone()[0]
    finally:
        connection.close()


async def test_an_editor_that_has_the_file_shows_it_as_it_was(tmp_path, project):
    file = project / "README.md"
    text = file.read_text()
    async with spawn_agent(tmp_path / "agent", capabilities=FILES, settings={"mode": "auto"}) as client:
        client.editor.open(file)
        session = await client.new_session(project)
        await client.run(session, WRITES)
        assert client.editor.buffers[str(file)] == "by the turn\n"

        await say(client, session, "/undo")

        assert client.editor.buffers[str(file)] == file.read_text() == text


async def test_what_a_command_did_in_a_terminal_of_the_client_is_undone(tmp_path, project):
    before = tree(project)
    async with spawn_agent(tmp_path / "agent", capabilities=TERMINALS, settings={"mode": "auto"}) as client:
        session = await client.new_session(project)
        await client.run(session, COMMAND)
        assert tree(project) != before

        await say(client, session, "/undo")

        assert tree(project) == before
