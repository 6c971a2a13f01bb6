"""Models that are missing, slow, noisy, or wrong."""

import pytest
from acp import RequestError

from tests.acp_client import spawn_agent

pytestmark = pytest.mark.anyio
ODD = "import:tests.integration.odd_models:"


async def test_a_model_that_does_not_exist_is_named_with_those_that_do(tmp_path, project):
    async with spawn_agent(tmp_path / "home", model="no-such-model") as client:
        session = await client.new_session(project)

        with pytest.raises(RequestError, match="no-such-model") as error:
            await client.prompt(session, "Hello")

        assert error.value.code == -32603
        assert "qwen2.5-coder-0.5b" in str(error.value)


async def test_a_model_that_is_not_installed_is_named_with_what_to_type(tmp_path, project):
    async with spawn_agent(tmp_path / "home", model="qwen2.5-coder-0.5b") as client:
        session = await client.new_session(project)

        with pytest.raises(RequestError, match=r"punie-acp models pull qwen2\.5-coder-0\.5b"):
            await client.prompt(session, "Hello")


async def test_a_prompt_before_the_model_is_ready_waits_and_says_so(tmp_path, project):
    async with spawn_agent(tmp_path / "home", model=ODD + "slow") as client:
        session = await client.new_session(project)

        response = await client.prompt(session, "Hello")
        await client.prompt(session, " again")

        assert response.stop_reason == "end_turn"
        assert client.text(session) == "Hello again"
        assert client.thoughts(session).count("Loading the model") == 1


async def test_a_prompt_that_waits_for_the_model_can_be_cancelled(tmp_path, project):
    async with spawn_agent(tmp_path / "home", model=ODD + "slow") as client:
        session = await client.new_session(project)
        turn = client.start(session, "Hello")
        await client.until(lambda: client.thoughts(session))

        await client.cancel(session)

        assert (await turn).stop_reason == "cancelled"
        assert (await client.prompt(session, "Hello")).stop_reason == "end_turn"


async def test_standard_output_carries_messages_only_whatever_a_library_prints(tmp_path, project):
    async with spawn_agent(tmp_path / "home", model=ODD + "noisy") as client:
        session = await client.new_session(project)

        await client.run(session, "print('not on the wire')\nprint(run_command('echo nor this').stdout)")

        assert client.text(session).split("\n") == ["not on the wire", "nor this"]
        client.check()  # every line was a message
        errors = client.process.stderr.read_text()
        assert "a library says hello" in errors
        assert "so does a C library" in errors
        assert "and a progress bar" in errors
        assert "and a child process" in errors


@pytest.fixture
async def client(prompted_agent):
    yield prompted_agent
    prompted_agent.check()


async def test_a_model_that_fails_gives_one_error_and_the_session_goes_on(client, project):
    session = await client.new_session(project)

    with pytest.raises(RequestError, match=r"the model failed: .*overloaded"):
        await client.play(session, {"text": "I think", "error": "the server is overloaded"})
    response = await client.play(session, {"text": "Here I am."})

    assert response.stop_reason == "end_turn"
    assert client.text(session) == "I thinkHere I am."


async def test_a_failure_while_a_program_is_written_closes_its_call(client, project):
    session = await client.new_session(project)

    with pytest.raises(RequestError, match="the server is gone"):
        await client.play(session, {"code": "print(1)", "error": "the server is gone"})

    assert [program.status for program in client.programs(session)] == ["failed"]


async def test_malformed_arguments_fail_visibly_and_the_model_may_try_again(client, project):
    session = await client.new_session(project)

    malformed = {"arguments": '{"cod": 1'}, {"arguments": '{"code": 7}'}
    response = await client.play(session, *malformed, {"code": "print('right')"}, {"text": "Done."})

    assert response.stop_reason == "end_turn"
    assert [program.status for program in client.programs(session)] == ["failed", "failed", "completed"]
    assert client.text(session) == "Done."


async def test_a_model_that_never_gets_a_call_right_ends_the_turn(client, project):
    session = await client.new_session(project)

    response = await client.play(session, *[{"arguments": "{"}] * 9)

    assert response.stop_reason == "refusal"
    assert {program.status for program in client.programs(session)} == {"failed"}


@pytest.mark.proves("update:agent_thought_chunk")
async def test_thoughts_text_and_several_programs_of_one_response_are_told_apart(client, project):
    session = await client.new_session(project)
    first = [{"thought": "Let me see"}, {"text": "I look. "}, {"code": "print(1)"}, {"code": "print(2)"}]

    await client.play(session, first, {"text": "It is 2."})

    assert client.thoughts(session).endswith("Let me see")
    assert client.text(session) == "I look. It is 2."
    assert [program["rawOutput"]["output"] for program in client.programs(session)] == ["1\n", "2\n"]
    messages = {u.data["messageId"] for u in client.updates(session) if "messageId" in u.data}
    assert messages >= {"t1/m1", "t1/m2", "t1/m3"}


async def test_a_program_is_seen_while_it_is_written(client, project):
    session = await client.new_session(project)
    code = "\n".join(f"x{n} = {n}" for n in range(15))

    await client.play(session, {"code": code, "delay": 0.01})

    [program] = client.programs(session)
    shown = [u.data["content"][0]["content"]["text"] for u in program.updates if "status" not in u.data]
    assert len(shown) > 2
    assert shown == sorted(shown, key=len)
    assert program["title"] == "Run a program of 15 lines"


async def test_a_program_that_failed_is_not_run_again_word_for_word(client, project):
    session = await client.new_session(project)

    await client.play(
        session, {"code": "run_command('echo x >> log')\n1 / 0"}, {"code": "run_command('echo x >> log')\n1 / 0"}
    )

    assert (project / "log").read_text() == "x\n"
    assert [program.status for program in client.programs(session)] == ["failed", "failed"]
