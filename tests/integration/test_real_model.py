"""One whole turn of a real model, over stdio: the 0.5B writes a program, sees its output, and answers."""

import pytest

from punie_acp.settings import load_settings
from tests.acp_client import spawn_agent

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.model]


@pytest.fixture(scope="module")
async def client(tmp_path_factory, real_model):
    home = tmp_path_factory.mktemp("agent")
    (home / "data").mkdir()
    (home / "data/models").symlink_to(load_settings().models_dir)  # the user's models, but not their sessions
    settings = {"max_request_tokens": 120, "max_model_requests": 4}
    async with spawn_agent(home, model=real_model.name, settings=settings) as client:
        yield client


async def test_a_real_model_runs_a_program_and_answers(client, project):
    session = await client.new_session(project)

    response = await client.prompt(session, "Write a program that prints len(list_files('src/*.py')).", seconds=240)

    assert response.stop_reason == "end_turn"
    assert client.programs(session)[0].status == "completed"
    assert client.calls(session)[0].meta["function"] == "list_files"
    assert client.calls(session)[0]["rawOutput"]["count"] == 2
    assert client.text(session)
    usage = response.field_meta["punie.dev/usage"]
    assert usage["inputTokens"] > usage["cachedTokens"] > 100
    assert usage["outputTokens"] > 0
    assert 0 < usage["firstTokenSeconds"] < usage["seconds"]


async def test_a_real_models_answer_is_streamed(client, project):
    session = await client.new_session(project)

    response = await client.prompt(session, "Hello! Who are you?", seconds=240)

    assert response.stop_reason in ("end_turn", "max_tokens")
    answer = [u for u in client.updates(session) if u.data["sessionUpdate"] == "agent_message_chunk"]
    assert len(answer) > 3
    assert answer[-1].at - answer[0].at > 0.05
    assert client.programs(session) == []
    assert response.field_meta["punie.dev/usage"]["outputTokens"] >= len(answer)
