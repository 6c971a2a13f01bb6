"""Modes `review` and `plan` over the wire: nothing lands unreviewed, what is accepted lands as a whole."""

from __future__ import annotations

import pytest

from tests.acp_client import FILES, FORMS, spawn_agent

pytestmark = pytest.mark.anyio

THREE = """\
write_file('README.md', '# Reviewed\\n')
write_file('notes/new.md', 'new\\n')
Path('src/colours.py').unlink()
print(read_file('README.md'), list_files('notes'))
"""
THREE = "from pathlib import Path\n" + THREE


def tree(root):
    return {str(path.relative_to(root)): path.is_dir() or path.read_text() for path in sorted(root.rglob("*"))}


def review_of(client, session):
    """The one call that has all changes."""
    [call] = [call for call in client.calls(session) if call.id.endswith("/review")]
    return call


def by_title(**answers):
    """A policy: the first answer whose key the question's title contains, else "allow_once"."""

    def answer(request):
        title = request["toolCall"]["title"]
        return next((option for words, option in answers.items() if words in title), "allow_once")

    return answer


async def test_the_user_sees_all_changes_in_one_call_and_accepts_them(client, project):
    session = await client.new_session(project, mode="review")

    def look(request):
        assert tree(project)["README.md"].startswith("# Shapes")
        return "allow_once"

    client.allow = look
    await client.run(session, THREE)

    [question] = client.questions
    assert [option["name"] for option in question["options"]] == ["Accept all", "Choose files…", "Reject all"]
    call = review_of(client, session)
    assert call.statuses == ["pending", "in_progress", "completed"]
    assert (call["title"], call["kind"], len(call["locations"])) == ("Write 3 changed files", "edit", 3)
    assert [diff["path"] for diff in call.diffs] == [
        str(project / name) for name in ("README.md", "notes/new.md", "src/colours.py")
    ]
    assert "# Reviewed" in client.text(session)  # the program saw its own write
    assert "they are written: README.md, notes/new.md, src/colours.py" in client.text(session)
    assert tree(project) == {
        "README.md": "# Reviewed\n",
        "notes": True,
        "notes/new.md": "new\n",
        "src": True,
        "src/shapes.py": (project / "src/shapes.py").read_text(),
    }


async def test_what_is_refused_is_not_written_and_the_model_is_told(client, project):
    session, before = await client.new_session(project, mode="review"), tree(project)
    client.allow = "reject_once"

    await client.run(session, THREE)

    assert tree(project) == before
    assert review_of(client, session).status == "failed"
    assert "Nothing was written: the user refused all of its changes" in client.text(session)


async def test_new_folders_are_named_too(client, project):
    session = await client.new_session(project, mode="review")

    await client.run(session, "import os\nos.makedirs('x/y')")

    assert (project / "x/y").is_dir()
    assert "they are written: x, x/y" in client.text(session)


async def test_some_files_are_chosen_one_by_one(client, project):
    session, before = await client.new_session(project, mode="review"), tree(project)
    client.allow = by_title(**{"changed files": "choose", "colours": "reject_once", "README": "reject_once"})

    await client.run(session, THREE)

    assert len(client.questions) == 4
    assert tree(project) == before | {"notes": True, "notes/new.md": "new\n"}
    assert len(review_of(client, session).diffs) == 3
    assert "accepted 1 of its 3 changes; not written: README.md, src/colours.py" in client.text(session)


async def test_some_files_are_chosen_in_a_form(tmp_path, project):
    before = tree(project)
    async with spawn_agent(tmp_path / "agent", capabilities=FORMS, allow="choose") as client:
        session = await client.new_session(project, mode="review")
        client.fill = lambda form: {"action": "accept", "content": {"files": ["README.md"]}}
        await client.run(session, THREE)
        [form] = client.forms
        assert form["requestedSchema"]["properties"]["files"]["items"]["enum"] == [
            "README.md",
            "notes/new.md",
            "src/colours.py",
        ]
    assert tree(project) == before | {"README.md": "# Reviewed\n"}


async def test_a_command_sees_the_program_s_changes_and_is_asked_for(client, project):
    session, before = await client.new_session(project, mode="review"), tree(project)
    client.allow = by_title(Write="reject_once")

    await client.run(
        session, "write_file('new.txt', 'hello\\n')\nprint(run_command('cat new.txt; echo x > made; pwd').stdout)"
    )

    assert [question["toolCall"]["title"][:7] for question in client.questions] == ["Run cat", "Write 2"]
    assert f"hello\n{project}" in client.text(session)
    assert tree(project) == before


async def test_an_outside_change_keeps_everything_from_being_written(client, project):
    session = await client.new_session(project, mode="review")

    def interfere(request):
        (project / "README.md").write_text("the user's\n")
        return "allow_once"

    client.allow = interfere
    before = tree(project)
    await client.run(session, THREE)

    assert tree(project) == before | {"README.md": "the user's\n"}
    assert review_of(client, session).status == "failed"
    assert "nothing was written: README.md" in client.text(session)


async def test_a_failed_program_writes_nothing_and_asks_nothing(client, project):
    session, before = await client.new_session(project, mode="review"), tree(project)

    await client.run(session, "write_file('README.md', 'half\\n')\nraise ValueError('broken')")

    assert tree(project) == before
    assert client.questions == []
    assert "None of its changes to files was written" in client.text(session)


@pytest.mark.proves("session/cancel")
async def test_cancelling_while_the_question_is_open_leaves_the_project_untouched(client, project):
    session, before = await client.new_session(project, mode="review"), tree(project)
    client.allow = "never"
    turn = client.start(session, f"````python\n{THREE}\n````")
    await client.until(lambda: client.questions)
    await client.cancel(session)

    assert (await turn).stop_reason == "cancelled"
    assert tree(project) == before
    assert review_of(client, session).status == "failed"


async def test_a_review_is_told_again_when_the_session_is_loaded(client, project):
    session = await client.new_session(project, mode="review")
    await client.run(session, THREE)
    told = review_of(client, session).fields
    await client.ask("session/close", sessionId=session)
    before = len(client.updates(session))
    await client.load(session, project)

    again = [u.data for u in client.updates(session)[before:] if u.data.get("toolCallId", "").endswith("/review")]
    assert [(one["status"], one["content"]) for one in again] == [("completed", told["content"])]


async def test_typed_tools_change_nothing_before_it_is_accepted_either(client, project):
    session, before = await client.new_session(project, mode="review"), tree(project)
    client.allow = "reject_once"
    patch = "--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-# Shapes\n+# Patched\n"

    await client.run(session, f"apply_patch({patch!r})\nprint(read_file('README.md'))")

    assert [question["toolCall"]["title"] for question in client.questions] == ["Write 1 changed file"]
    assert "# Patched" in client.text(session)
    assert tree(project) == before


async def test_what_was_accepted_can_be_undone(client, project):
    session, before = await client.new_session(project, mode="review"), tree(project)
    await client.run(session, THREE)
    assert tree(project) != before
    await client.prompt(session, "/undo")
    assert tree(project) == before


async def test_the_editor_gets_what_was_accepted(tmp_path, project):
    async with spawn_agent(tmp_path / "agent", capabilities=FILES) as client:
        client.editor.open(project / "README.md")
        session = await client.new_session(project, mode="review")
        await client.run(session, THREE)
        assert (project / "README.md").read_text() == "# Reviewed\n"
        assert "fs/write_text_file" in {message.get("method") for _, _, message in client.messages(session)}


async def test_a_secret_under_another_name_is_still_asked_about(client, project):
    (project / ".env").write_text("KEY=1\n")
    session = await client.new_session(project, mode="review")
    client.allow = "reject_once"

    await client.run(session, "import os\nos.rename('.env', 'plain.txt')\nprint(read_file('plain.txt'))")

    assert "KEY=1" not in client.text(session)


async def test_a_program_says_what_it_will_touch_before_it_starts(client, project):
    session = await client.new_session(project)
    client.allow = "reject_once"

    await client.run(session, "import os\nos.remove('src/colours.py')\nrun_command('ls ' + read_file('README.md'))")

    [program] = client.programs(session)
    began = next(update.data for update in program.updates if update.data.get("status") == "in_progress")
    assert began["locations"] == [{"path": str(project / name)} for name in ("src/colours.py", "README.md")]
    assert began["rawInput"]["touches"] == {"reads": ["README.md"], "writes": ["src/colours.py"], "others": ["run"]}
    assert "- Runs what depends on its data" in began["content"][-1]["content"]["text"]


@pytest.mark.proves("update:plan")
async def test_plan_mode_changes_nothing_and_ends_with_the_plan(client, project):
    session, before = await client.new_session(project, mode="plan"), tree(project)

    await client.run(
        session,
        THREE,
        "assert read_file('notes/new.md') == 'new\\n'\n"
        "try:\n    run_command('pytest -q')\nexcept PermissionError as error:\n    print(error)",
    )

    assert tree(project) == before
    assert client.questions == []
    assert [entry["content"] for entry in client.kinds(session, "plan")[-1]["entries"]] == [
        "Write README.md (+1 −3)",
        "Make the folder notes",
        "Create notes/new.md (+1 −0)",
        "Delete src/colours.py",
        "Run pytest -q",
    ]
    assert "put on the plan, and not run: Run pytest -q" in client.text(session)
    assert client.text(session).endswith("- Delete src/colours.py\n- Run pytest -q")
    assert any(call.diffs for call in client.calls(session))
