"""What a user chooses in a session: modes, models, effort, and how that is told, kept and refused."""

import pytest
from acp import RequestError
from acp.schema import ClientCapabilities

from tests.acp_client import NOTHING, spawn_agent

pytestmark = pytest.mark.anyio
BOOLEANS = ClientCapabilities.model_validate({"session": {"configOptions": {"boolean": {}}}})
ODD = "import:tests.integration.odd_models:"


@pytest.fixture(scope="module")
async def agent(tmp_path_factory):
    """An agent with a model that is installed by its name only, for a client with booleans."""
    home = tmp_path_factory.mktemp("agent")
    broken = home / "data" / "models" / "broken"
    broken.mkdir(parents=True)
    (broken / "punie.json").write_text("{}")
    async with spawn_agent(home, capabilities=BOOLEANS, model=ODD + "prompted") as client:
        yield client


@pytest.fixture
async def client(agent):
    yield agent
    agent.check()


async def opened(client, project):
    """A new session and what its answer says of it."""
    answer = await client.ask("session/new", cwd=str(project), mcpServers=[])
    return answer["sessionId"], answer


async def choose(client, session, option, value):
    """Set an option; all options as values by id."""
    kind = {"type": "boolean"} if isinstance(value, bool) else {}
    answer = await client.ask("session/set_config_option", sessionId=session, configId=option, value=value, **kind)
    return values(answer["configOptions"])


def values(options):
    return {option["id"]: option["currentValue"] for option in options}


@pytest.mark.proves(
    "session/set_config_option", "capability:session.configOptions.boolean", "update:current_mode_update"
)
async def test_options_are_told_changed_and_kept(client, project):
    session, answer = await opened(client, project)
    before = {"model": ODD + "prompted", "mode": "ask", "effort": "normal", "stream_programs": True}
    assert values(answer["configOptions"]) == before
    kinds = {option["id"]: (option["type"], option["category"]) for option in answer["configOptions"]}
    assert kinds["model"] == ("select", "model")
    assert kinds["mode"] == ("select", "mode")
    assert kinds["effort"] == ("select", "thought_level")
    assert kinds["stream_programs"][0] == "boolean"
    offered = {option["value"] for option in answer["configOptions"][0]["options"]}
    assert offered == {"auto", "broken", ODD + "prompted"}

    await choose(client, session, "effort", "quick")
    await choose(client, session, "stream_programs", False)
    after = await choose(client, session, "mode", "auto")

    changed = {"mode": "auto", "effort": "quick", "stream_programs": False}
    assert after == before | changed
    assert [update["currentModeId"] for update in client.kinds(session, "current_mode_update")] == ["auto"]
    loaded = await client.load(session, project)
    assert values(loaded["configOptions"]) == before | changed
    assert loaded["modes"]["currentModeId"] == "auto"


@pytest.mark.proves("session/set_mode", "update:config_option_update", "update:current_mode_update")
async def test_a_mode_set_the_old_way_is_told_both_ways(client, project):
    session, _ = await opened(client, project)

    await client.set_mode(session, "read-only")

    [mode] = client.kinds(session, "current_mode_update")
    [options] = client.kinds(session, "config_option_update")
    assert mode["currentModeId"] == values(options["configOptions"])["mode"] == "read-only"
    await client.play(session, {"code": "write_file('a.txt', '')"})
    assert not (project / "a.txt").exists()


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("speed", "high", "configId"),
        ("mode", "yolo", "value"),
        ("model", "gpt", "value"),
        ("effort", "most", "value"),
        ("mode", True, "value"),
        ("stream_programs", "no", "value"),
    ],
)
async def test_what_cannot_be_chosen_is_refused(client, project, option, value, field):
    session, before = await opened(client, project)

    with pytest.raises(RequestError, match=f"{field}: must be") as error:
        await choose(client, session, option, value)

    assert error.value.code == -32602
    loaded = await client.ask("session/resume", sessionId=session, cwd=str(project))
    assert loaded["configOptions"] == before["configOptions"]


async def test_a_model_that_does_not_load_is_not_taken(client, project):
    session, before = await opened(client, project)

    with pytest.raises(RequestError, match="broken") as error:
        await choose(client, session, "model", "broken")

    assert error.value.code == -32603
    assert (await client.prompt(session, '[{"text": "still here"}]')).stop_reason == "end_turn"
    assert await choose(client, session, "effort", "normal") == values(before["configOptions"])


async def test_the_effort_sets_how_often_the_model_is_asked(client, project):
    session, _ = await opened(client, project)
    rounds = [{"code": f"print({number})"} for number in range(6)]

    await choose(client, session, "effort", "quick")
    quick = await client.play(session, *rounds)
    await choose(client, session, "effort", "normal")
    normal = await client.play(session, *rounds)

    assert quick.stop_reason == "max_turn_requests"
    assert "It asked the model 4 times." in client.text(session)
    assert normal.stop_reason == "end_turn"


async def test_programs_are_shown_while_they_are_written_or_once_they_are_complete(client, project):
    session, _ = await opened(client, project)
    script = {"code": "x = 1\n" * 80, "delay": 0.005}

    await client.play(session, script)
    await choose(client, session, "stream_programs", False)
    await client.play(session, script)

    shown, hidden = client.programs(session)
    assert len(pending(shown)) > 3
    assert pending(hidden) == ["", hidden["rawInput"]["code"]] or pending(hidden) == [""]
    assert hidden.status == "completed"


def pending(program):
    """The code of a program that was shown before it ran, as it grew."""
    texts, seen = [], False
    for update in program.updates:
        seen = seen or update.data.get("status") == "in_progress"
        content = update.data.get("content") or [{"content": {"text": ""}}]
        if not seen:
            texts.append(content[0]["content"]["text"].removeprefix("```python\n").removesuffix("\n```"))
    return texts


async def test_another_model_is_taken_for_the_next_prompt_and_kept(tmp_path, project):
    home = tmp_path / "home"
    async with spawn_agent(home, capabilities=NOTHING, model=ODD + "recalling") as client:
        session, _ = await opened(client, project)
        await client.prompt(session, "Remember")

    async with spawn_agent(home, model="import:tests.scripted:echo_model") as client:
        loaded = await client.load(session, project)
        assert "stream_programs" not in values(loaded["configOptions"])
        assert values(loaded["configOptions"])["model"] == ODD + "recalling"
        await client.prompt(session, "Recall")
        assert "Remember\nRecall" in client.text(session)
        assert (await choose(client, session, "model", "import:tests.scripted:echo_model"))["model"].endswith(
            "echo_model"
        )
        await client.prompt(session, "Echo")
        assert client.text(session).endswith("Echo")


@pytest.mark.proves("initialize", "authenticate", "logout", "capability:auth.logout")
async def test_there_is_a_login_that_needs_none_and_it_can_be_left(client):
    [method] = [found.model_dump() for found in client.initialized.auth_methods]

    assert await client.ask("authenticate", methodId=method["id"]) == {}
    assert await client.ask("logout") == {}
    for wrong in ("password", "setup"):
        with pytest.raises(RequestError, match=wrong) as error:
            await client.ask("authenticate", methodId=wrong)
        assert error.value.code == -32602


@pytest.mark.proves("capability:auth.terminal")
async def test_a_client_with_terminals_for_logging_in_is_offered_to_download_a_model(tmp_path):
    zed = {"auth": {"terminal": True}, "_meta": {"terminal-auth": True}}
    capabilities = ClientCapabilities.model_validate(zed)
    async with spawn_agent(tmp_path / "home", capabilities=capabilities) as client:
        method = client.initialized.auth_methods[-1].model_dump(by_alias=True)

    assert (method["type"], method["args"]) == ("terminal", ["--setup"])
    assert method["_meta"]["terminal-auth"]["args"][-1] == "--setup"
