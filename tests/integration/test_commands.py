"""Commands, run by the agent itself and in the client's terminals."""

import pytest

from tests.acp_client import NOTHING, TERMINALS, spawn_agent

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=["own process", "client terminal"])
async def echo_agent(request, tmp_path_factory):
    """An agent that runs commands itself, then one whose client runs them."""
    offers = TERMINALS if request.param == "client terminal" else NOTHING
    async with spawn_agent(tmp_path_factory.mktemp("agent"), capabilities=offers, settings={"mode": "auto"}) as client:
        yield client


async def test_a_command_gives_its_output_and_exit_code(client, project):
    session = await client.new_session(project)

    await client.run(
        session,
        "r = run_command('cat README.md | head -1; echo bad >&2; exit 3')\nprint(r.exit_code, r.stdout, r.stderr)",
    )

    assert client.text(session).startswith("3 # Shapes")
    assert "bad" in client.text(session)
    [call] = client.calls(session)
    assert (call["kind"], call.status) == ("execute", "completed")
    assert call["rawOutput"]["exit_code"] == 3


async def test_output_is_seen_while_the_command_runs(client, project):
    session = await client.new_session(project)

    await client.run(session, "run_command('echo one; sleep 0.05; echo two; sleep 0.8; echo three')")

    [call] = client.calls(session)
    if call["content"][0]["type"] == "terminal":
        [terminal_id] = [item["terminalId"] for item in call["content"]]
        assert client.editor.terminals[terminal_id].released
        shown = next(u for u in call.updates if u.data.get("content"))
    else:
        shown = next(u for u in call.updates if "two" in str(u.data.get("content")))
        assert "three" not in str(shown.data["content"])
        assert "three" in call.texts
    assert call.updates[-1].at - shown.at > 0.5
    assert call["rawOutput"]["stdout"].split() == ["one", "two", "three"]


async def test_a_command_runs_where_it_is_told_and_without_our_settings(client, project):
    session = await client.new_session(project)

    await client.run(
        session,
        "import subprocess\n"
        "print(subprocess.run(['pwd'], cwd='src', capture_output=True, text=True).stdout)\n"
        "print(subprocess.check_output('env | grep -c ^PUNIE_; true', shell=True, text=True))",
    )

    assert client.text(session).split() == [str(project / "src"), "0"]


async def test_a_failing_check_is_an_exception_of_the_program(client, project):
    session = await client.new_session(project)

    await client.run(
        session,
        "import subprocess\ntry:\n    subprocess.run(['false'], check=True)\n"
        "except subprocess.CalledProcessError as error:\n    print(error)",
    )

    assert "returned non-zero exit status 1" in client.text(session)


async def test_a_program_that_does_not_exist_is_an_error_of_the_call(client, project):
    session = await client.new_session(project)

    await client.run(session, "import subprocess\nsubprocess.run(['no-such-program'])")

    [call] = client.calls(session)
    assert call.status == "failed"
    assert client.programs(session)[0].status == "failed"
    assert "no-such-program" in client.text(session)


async def test_what_a_command_wrote_is_what_is_read_next(client, project):
    session = await client.new_session(project)

    await client.run(session, "run_command('echo changed > README.md')\nprint(read_file('README.md'))")

    assert client.text(session).strip() == "changed"


async def test_a_flood_of_output_arrives_cut_but_with_its_end(client, project):
    session = await client.new_session(project)

    await client.run(session, "r = run_command('seq 1 400000')\nprint(r.stdout[-7:])")

    assert client.text(session).split()[0] == "400000"
    sizes = [len(line.data) for line in client.process.lines if line.sender == "agent"]
    assert max(sizes) < 500_000
