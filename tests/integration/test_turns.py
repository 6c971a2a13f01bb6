"""Whole turns over stdio: questions, changes, and what a client sees of them."""

import pytest

pytestmark = pytest.mark.anyio


async def test_a_question_is_answered_by_reading_without_asking(client, project):
    session = await client.new_session(project)

    response = await client.run(session, "print(read_file('src/colours.py').count('TODO'))")

    assert response.stop_reason == "end_turn"
    assert client.text(session).strip() == "2"
    assert client.questions == []
    [call] = client.calls(session)
    assert call.statuses == ["pending", "in_progress", "completed"]
    assert call["locations"] == [{"path": str(project / "src/colours.py")}]
