"""Programs that go wrong, and programs that go where they should not."""

import pytest

from tests.acp_client import spawn_agent

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def echo_agent(tmp_path_factory):
    """An agent whose programs may run for two seconds and take 64 MiB."""
    settings = {"program_seconds": 2, "program_memory_mib": 64, "mode": "auto"}
    async with spawn_agent(tmp_path_factory.mktemp("agent"), settings=settings) as client:
        yield client


async def failed(client, session, code):
    """Run a program that fails; what is said of its error. The session works afterwards."""
    response = await client.run(session, code)
    assert response.stop_reason == "end_turn"
    program = client.programs(session)[-1]
    assert program.status == "failed"
    before = len(client.text(session))
    await client.run(session, "print('still', 'here')")
    assert client.text(session)[before:].strip() == "still here"
    return program["rawOutput"]["error"]


async def test_a_syntax_error_names_its_line_and_nothing_runs(client, project):
    session = await client.new_session(project)

    error = await failed(client, session, "write_file('a.txt', 'a')\nif True print('x')")

    assert (error["kind"], error["line"]) == ("syntax", 2)
    assert client.calls(session) == []
    assert not (project / "a.txt").exists()


async def test_a_runtime_error_tells_the_model_the_line_and_what_was_already_done(client, project):
    session = await client.new_session(project)

    error = await failed(client, session, "write_file('a.txt', 'a')\nprint('so far')\nprint(1 / 0)")

    assert (error["kind"], error["line"]) == ("runtime", 3)
    assert error["message"].startswith("ZeroDivisionError")
    answer = client.text(session)
    assert "so far" in answer
    assert "print(1 / 0)" in answer
    assert "Already done before the error: Create a.txt" in answer


async def test_an_endless_loop_is_ended(client, project):
    session = await client.new_session(project)

    error = await failed(client, session, "kept = 1\nwhile True:\n    kept += 1")

    assert error["kind"] == "limit"
    assert "2 seconds" in error["message"]


async def test_time_spent_waiting_for_a_command_is_not_the_programs(client, project):
    session = await client.new_session(project)

    response = await client.run(session, "run_command('sleep 2.5')\nprint('done')")

    assert response.stop_reason == "end_turn"
    assert client.text(session).strip() == "done"


@pytest.mark.parametrize("bomb", ["x = 'a' * 10**9", "x = []\nwhile True:\n    x.append('a' * 10**6)", "x = 10**10**8"])
async def test_a_bomb_is_defused_and_the_variables_from_before_are_there(client, project, bomb):
    session = await client.new_session(project)
    await client.run(session, "kept = 41")

    error = await failed(client, session, bomb)
    await client.run(session, "print(kept + 1)")

    assert error["kind"] in ("limit", "runtime")
    assert client.text(session).rstrip().endswith("42")


async def test_endless_recursion_is_an_error_of_the_program(client, project):
    session = await client.new_session(project)

    error = await failed(client, session, "def f(n):\n    return f(n + 1)\nf(0)")

    assert "recursion" in error["message"].lower()


@pytest.mark.parametrize(
    "call",
    [
        "read_file('../outside.txt')",
        "read_file('src/../../outside.txt')",
        "open('link/outside.txt').read()",
        "read_file('link-to-file')",
        "write_file('../outside.txt', 'gone')",
        "write_file('link-to-file', 'gone')",
        "__import__('pathlib').Path('link/new.txt').write_text('gone')",
        "__import__('os').remove('../outside.txt')",
        "run_command('cat outside.txt', cwd='..')",
        "__import__('os').listdir('link')",
    ],
)
async def test_a_way_out_of_the_project_is_an_error_in_the_program(client, project, call):
    outside = project.parent / "outside.txt"
    outside.write_text("hush")
    (project / "link").symlink_to(project.parent)
    (project / "link-to-file").symlink_to(outside)
    session = await client.new_session(project)
    call = call.replace("__import__('pathlib').", "").replace("__import__('os')", "os")

    await client.run(
        session,
        f"import os\nfrom pathlib import Path\ntry:\n    print({call})\n"
        "except PermissionError as error:\n    print('kept out:', error)",
    )

    assert client.text(session).startswith("kept out:")
    assert "hush" not in client.text(session)
    assert outside.read_text() == "hush"
    assert sorted(path.name for path in project.parent.iterdir()) == ["outside.txt", "project"]
    assert [call.status for call in client.calls(session)] == ["failed"]


async def test_absolute_paths_outside_are_kept_out_too(client, project):
    session = await client.new_session(project)

    await client.run(
        session, "try:\n    print(open('/etc/passwd').read())\nexcept PermissionError:\n    print('kept out')"
    )

    assert client.text(session).strip() == "kept out"


async def test_there_is_no_way_to_the_host_but_the_calls(client, project):
    session = await client.new_session(project)

    await client.run(
        session,
        "for way in ('socket', 'ctypes', 'importlib'):\n    try:\n        exec(f'import {way}')\n"
        "        print('open:', way)\n    except Exception as error:\n        print(type(error).__name__)",
    )

    assert "open:" not in client.text(session)


async def test_what_a_program_prints_is_seen_while_it_runs(client, project):
    session = await client.new_session(project)

    await client.run(session, "print('early')\nrun_command('sleep 0.5')\nprint('late')")

    [program] = client.programs(session)
    early = next(
        update for update in program.updates if "early" in str(update.data.get("content")) and shows_output(update)
    )
    assert program.updates[-1].at - early.at > 0.4


def shows_output(update):
    return any("```\nearly" in item["content"]["text"] for item in update.data["content"])
