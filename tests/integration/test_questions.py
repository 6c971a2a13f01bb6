"""A program asks the user, through the forms of the client."""

import pytest

from tests.acp_client import FORMS, spawn_agent

pytestmark = pytest.mark.anyio

ASKING = "answer = ask_user('Which colour?', ['red', 'blue'])\nprint('chosen:', answer)"


@pytest.fixture(scope="module")
async def asked(tmp_path_factory):
    async with spawn_agent(tmp_path_factory.mktemp("agent"), capabilities=FORMS) as client:
        yield client


@pytest.mark.proves("client:elicitation/create", "capability:elicitation.form")
async def test_a_program_gets_the_user_s_answer_in_every_mode(asked, project):
    session = await asked.new_session(project, mode="read-only")
    asked.fill = lambda form: {"action": "accept", "content": {"answer": "blue"}}

    await asked.run(session, ASKING)

    assert asked.text(session).strip() == "chosen: blue"
    assert asked.questions == []
    [form] = asked.forms
    assert form["message"] == "Which colour?"
    assert form["requestedSchema"]["properties"]["answer"]["enum"] == ["red", "blue"]
    [call] = asked.calls(session)
    assert (call["title"], call.status) == ("Ask: Which colour?", "completed")


async def test_without_an_answer_the_program_is_told(asked, project):
    session = await asked.new_session(project)
    asked.fill = lambda form: {"action": "decline"}

    await asked.run(session, ASKING)

    [program] = asked.programs(session)
    assert "PermissionError: the user did not answer" in program["rawOutput"]["error"]["message"]


async def test_a_client_without_forms_has_programs_without_questions(client, project):
    session = await client.new_session(project)

    await client.run(session, ASKING)

    [program] = client.programs(session)
    assert program["rawOutput"]["error"]["kind"] == "type"
    assert "ask_user" in program["rawOutput"]["error"]["message"]
