"""A program that a model writes again without need is not run again, and the model is told why."""

import json

import pytest

pytestmark = pytest.mark.anyio


async def told(client, project, *programs):
    """What the model was told after each of these programs, and the statuses of their tool calls."""
    session = await client.new_session(project)
    await client.prompt(session, json.dumps([{"code": code} for code in programs]))
    statuses = [call.status for call in client.programs(session)]
    before = len(client.text(session))
    await client.prompt(session, "What were you told?")
    return client.text(session)[before:], statuses


async def test_one_that_has_just_run_is_not_run_again(recalling_agent, project):
    code = "with open('log.txt', 'a') as log:\n    log.write('once\\n')\nprint('written')"
    text, statuses = await told(recalling_agent, project, code, code, "print('else')", code)

    assert (project / "log.txt").read_text() == "once\nonce\n"  # the third time something else had run in between
    assert text.count("did not run again: its result stands above") == 1
    assert statuses == ["completed", "failed", "completed", "completed"]


async def test_one_that_failed_runs_again_after_something_has_changed(recalling_agent, project):
    check = "print(open('made.txt').read())"
    _, statuses = await told(recalling_agent, project, check, "open('made.txt', 'w').write('here')", check)

    assert statuses == ["failed", "completed", "completed"]


async def test_one_that_has_failed_is_not_run_again_where_nothing_has_changed(recalling_agent, project):
    text, statuses = await told(recalling_agent, project, "1 / 0", "print('else')", "1 / 0")

    assert "it is the one that failed before" in text
    assert statuses == ["failed", "completed", "failed"]
