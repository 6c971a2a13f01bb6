"""A turn that does not end by itself ends at a limit, with the stop reason that ACP has for it."""

import pytest

from tests.acp_client import spawn_agent

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def echo_agent(tmp_path_factory):
    """An agent that may do very little in one turn."""
    settings = {
        "max_model_requests": 3,
        "max_external_calls": 5,
        "max_turn_seconds": 2,
        "max_request_tokens": 120,
        "command_seconds": 1,
        "mode": "auto",
    }
    async with spawn_agent(tmp_path_factory.mktemp("agent"), settings=settings) as client:
        yield client


async def test_too_many_requests_of_the_model(client, project):
    session = await client.new_session(project)

    response = await client.run(session, *(f"print({number})" for number in range(5)))

    assert response.stop_reason == "max_turn_requests"
    assert response.field_meta["punie.dev/usage"]["modelRequests"] == 3
    assert "asked the model 3 times" in client.text(session)


async def test_too_many_external_calls(client, project):
    session = await client.new_session(project)

    response = await client.run(session, "for n in range(9):\n    write_file(f'{n}.txt', '')")

    assert response.stop_reason == "max_turn_requests"
    assert len(client.calls(session)) == 5
    assert len(list(project.glob("*.txt"))) == 5
    assert client.programs(session)[0].status == "failed"
    assert "5 external calls" in client.text(session)


async def test_too_much_time(client, project):
    session = await client.new_session(project)

    response = await client.run(session, "for n in range(5):\n    run_command('sleep 0.9')")

    assert response.stop_reason == "max_turn_requests"
    assert "longer than 2 s" in client.text(session)
    assert response.field_meta["punie.dev/usage"]["seconds"] < 4
    assert client.calls(session)[-1].status == "failed"


async def test_too_many_tokens_of_an_answer(client, project):
    session = await client.new_session(project)

    response = await client.prompt(session, "word " * 200)

    assert response.stop_reason == "max_tokens"
    assert "120 tokens" in client.text(session)


async def test_a_program_that_is_cut_does_not_run(client, project):
    session = await client.new_session(project)

    response = await client.run(session, "write_file('a.txt', '')\n" + "x = 1\n" * 100)

    assert response.stop_reason in ("max_tokens", "max_turn_requests")
    assert not (project / "a.txt").exists()
    assert {program.status for program in client.programs(session)} == {"failed"}


async def test_a_command_that_takes_too_long_is_stopped_and_the_program_goes_on(client, project):
    session = await client.new_session(project)

    await client.run(session, "result = run_command('sleep 30')\nprint(result.exit_code, result.stderr)")

    assert client.text(session).startswith("124")
    assert "the time was up" in client.text(session)


async def test_after_a_limit_the_session_goes_on(client, project):
    session = await client.new_session(project)
    await client.run(session, "for n in range(9):\n    read_file('README.md')")

    response = await client.run(session, "print('here')")

    assert response.stop_reason == "end_turn"
    assert client.text(session).endswith("here")
