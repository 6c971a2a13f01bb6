"""Who may do what: questions, refusals, what is remembered, and the three modes."""

import pytest
from acp import RequestError

from tests.acp_client import spawn_agent

pytestmark = pytest.mark.anyio


@pytest.mark.proves("client:session/request_permission")
@pytest.mark.proves("client:session/request_permission", "update:tool_call", "update:tool_call_update")
async def test_a_refused_write_leaves_the_file_untouched_and_the_program_goes_on(client, project):
    session = await client.new_session(project)
    before = (project / "README.md").read_bytes()
    client.allow = "reject_once"

    response = await client.run(
        session,
        "try:\n    write_file('README.md', 'gone')\nexcept PermissionError as error:\n    print('refused:', error)\n"
        "print(len(read_file('README.md')))",
    )

    assert (project / "README.md").read_bytes() == before
    assert response.stop_reason == "end_turn"
    write, read = client.calls(session)
    assert write.statuses == ["pending", "failed"]
    assert "refused" in write["rawOutput"]["error"]
    assert read.status == "completed"
    assert client.text(session).startswith("refused: the user refused: Write README.md")


async def test_a_program_that_does_not_catch_a_refusal_ends_with_it(client, project):
    session = await client.new_session(project)
    client.allow = "cancelled"

    await client.run(session, "run_command('touch made')\nprint('on')")

    [program] = client.programs(session)
    assert program.status == "failed"
    assert program["rawOutput"]["error"]["message"].startswith("PermissionError")
    assert program["rawOutput"]["error"]["line"] == 1
    assert not (project / "made").exists()


async def test_the_question_shows_the_whole_command(client, project):
    session = await client.new_session(project)
    command = "echo " + "x" * 300

    await client.run(session, f"run_command({command!r})")

    [question] = client.questions
    assert question["toolCall"]["rawInput"]["command"] == command
    assert question["toolCall"]["title"] == f"Run {command}"
    assert command in question["toolCall"]["content"][0]["content"]["text"]
    assert [option["kind"] for option in question["options"]] == [
        "allow_once",
        "allow_always",
        "reject_once",
        "reject_always",
    ]


async def test_always_is_remembered_for_the_command_s_first_words_and_for_the_folder(client, project):
    session = await client.new_session(project)
    client.allow = "allow_always"

    await client.run(session, "for i in range(3):\n    run_command(f'wc -l {i}')\n    write_file(f'src/{i}.txt', 'x')")
    assert [question["options"][1]["name"] for question in client.questions] == [
        "Always allow `wc`",
        "Always allow changes under src/",
    ]
    await client.run(session, "run_command('wc README.md')\nrun_command('wc README.md; echo another')")
    assert len(client.questions) == 3
    assert client.questions[-1]["toolCall"]["title"] == "Run wc README.md; echo another"


@pytest.mark.proves("client:session/request_permission")
async def test_rules_hold_for_the_project_in_every_session_until_they_are_revoked(client, project, tmp_path):
    session = await client.new_session(project)
    client.allow = "allow_always"
    await client.run(session, "run_command('wc README.md')\nwrite_file('src/x.txt', 'x')")
    assert len(client.questions) == 2

    other = await client.new_session(project)
    await client.run(other, "run_command('wc -l README.md')\nwrite_file('src/y.txt', 'y')")
    assert len(client.questions) == 2
    (tmp_path / "elsewhere").mkdir()
    elsewhere = await client.new_session(tmp_path / "elsewhere")
    client.allow = "allow_once"
    await client.run(elsewhere, "run_command('wc -l README.md')")
    assert len(client.questions) == 3

    await client.prompt(other, "/permissions")
    assert "1. Always allow `wc`" in client.text(other)
    assert "2. Always allow changes under src/" in client.text(other)
    await client.prompt(other, "/permissions revoke 1")
    assert "Forgotten: `wc`." in client.text(other)
    await client.run(session, "run_command('wc README.md')\nwrite_file('src/z.txt', 'z')")
    assert [question["toolCall"]["title"] for question in client.questions[3:]] == ["Run wc README.md"]


async def test_commands_do_not_see_the_secrets_of_the_environment(tmp_path, project, monkeypatch):
    monkeypatch.setenv("CI_API_TOKEN", "hush")
    monkeypatch.setenv("NPM_TOKEN", "loud")
    settings = {"mode": "auto", "command_variables": "NPM_*"}
    async with spawn_agent(tmp_path / "agent", settings=settings) as client:
        session = await client.new_session(project)
        await client.run(session, "print(run_command('echo [$CI_API_TOKEN] [$NPM_TOKEN]').stdout)")
        assert client.text(session).strip() == "[] [loud]"


async def test_a_refusal_for_always_is_not_asked_again(client, project):
    session = await client.new_session(project)
    client.allow = "reject_always"

    await client.run(
        session,
        "for name in ('src/a', 'src/b'):\n    try:\n        write_file(name, '')\n"
        "    except PermissionError:\n        print('no')",
    )

    assert len(client.questions) == 1
    assert [call.status for call in client.calls(session)] == ["failed", "failed"]
    assert client.text(session).split() == ["no", "no"]


async def test_in_mode_auto_nothing_is_asked(client, project):
    session = await client.new_session(project, mode="auto")

    await client.run(session, "write_file('a.txt', 'a')\nprint(run_command('cat a.txt').stdout)")

    assert client.questions == []
    assert client.text(session).strip() == "a"


async def test_in_mode_read_only_writes_and_commands_are_refused_without_asking(client, project):
    session = await client.new_session(project, mode="read-only")

    await client.run(
        session,
        "for effect in (lambda: write_file('a.txt', 'a'), lambda: run_command('touch b.txt')):\n"
        "    try:\n        effect()\n    except PermissionError as error:\n        print(error)\n"
        "print(len(list_files('**/*')))",
    )

    assert client.questions == []
    assert client.text(session).count("this session is read-only") == 2
    assert client.text(session).split()[-1] == "3"
    assert [call.status for call in client.calls(session)] == ["failed", "failed", "completed"]


@pytest.mark.proves("session/set_mode")
async def test_the_mode_may_change_between_turns(client, project):
    session = await client.new_session(project)

    await client.set_mode(session, "read-only")
    await client.run(session, "write_file('a.txt', 'a')")
    assert not (project / "a.txt").exists()
    await client.set_mode(session, "ask")
    await client.run(session, "write_file('a.txt', 'a')\n")
    assert (project / "a.txt").exists()
    assert len(client.questions) == 1


@pytest.mark.parametrize("mode", ["ask", "auto"])
async def test_a_destructive_command_asks_in_every_mode_with_the_reason_and_no_always(client, project, mode):
    session = await client.new_session(project, mode=mode)

    await client.run(session, "for _ in range(2):\n    run_command('mkdir -p build && rm -rf build')")

    assert len(client.questions) == 2
    for question in client.questions:
        assert question["toolCall"]["title"].startswith("Careful, this deletes files for good (rm -rf): mkdir")
        assert "deletes files for good" in question["toolCall"]["content"][0]["content"]["text"]
        assert [option["kind"] for option in question["options"]] == ["allow_once", "reject_once", "reject_always"]


async def test_an_unknown_mode_is_refused(client, project):
    session = await client.new_session(project)

    with pytest.raises(RequestError, match="modeId"):
        await client.set_mode(session, "yolo")


@pytest.mark.parametrize("mode", ["ask", "auto", "read-only"])
async def test_reading_a_file_of_secrets_asks_in_every_mode(client, project, mode):
    (project / ".env").write_text("TOKEN=hush")
    session = await client.new_session(project, mode=mode)
    client.allow = "reject_once"

    await client.run(session, "print(read_file('.env'))")

    [question] = client.questions
    assert question["toolCall"]["title"] == "Read .env"
    assert "hush" not in client.text(session)
    assert client.calls(session)[0].status == "failed"


async def test_reading_what_gitignore_hides_asks(client, project):
    (project / ".gitignore").write_text("private/\n")
    (project / "private").mkdir()
    (project / "private" / "notes.txt").write_text("mine")
    session = await client.new_session(project)

    await client.run(session, "print(open('private/notes.txt').read())")

    assert len(client.questions) == 1
    assert client.text(session).strip() == "mine"


async def test_an_editor_that_cannot_ask_counts_as_a_refusal(client, project):
    session = await client.new_session(project)

    def cannot(_):
        raise RequestError.method_not_found("session/request_permission")

    client.allow = cannot
    await client.run(session, "write_file('a.txt', 'a')")

    assert not (project / "a.txt").exists()
    assert client.calls(session)[0].status == "failed"
