"""Updates merged as `session/load` tells them."""

from __future__ import annotations

from punie_acp.server.replay import CUT_CALL, conversation, merged
from punie_acp.server.store import open_store
from punie_acp.server.store.base import SessionRecord
from punie_acp.server.titles import LONGEST, title_of


def chunk(message_id, text, kind="agent_message_chunk"):
    return {"sessionUpdate": kind, "messageId": message_id, "content": {"type": "text", "text": text}}


def call(kind, **fields):
    return {"sessionUpdate": kind, "toolCallId": "t1/p1/1", **fields}


def test_chunks_of_a_message_become_one_where_the_first_stood():
    updates = [chunk("m1", "a"), chunk("m2", "x"), chunk("m1", "b"), chunk("m1", "t", "agent_thought_chunk")]

    assert merged(updates) == [chunk("m1", "ab"), chunk("m2", "x"), chunk("m1", "t", "agent_thought_chunk")]


def test_the_parts_of_a_prompt_stay_apart():
    prompt = [chunk("u1", "a", "user_message_chunk"), chunk("u1", "b", "user_message_chunk")]

    assert merged(prompt) == prompt


def test_a_call_becomes_one_update_with_what_was_said_last():
    updates = [
        call("tool_call", title="Run x", status="pending", content=[{"type": "diff", "path": "/a"}], _meta={"a": 1}),
        call("tool_call_update", status="in_progress"),
        call("tool_call_update", status="completed", rawOutput={"n": 1}, content=None, _meta={"b": 2}),
    ]

    assert merged(updates) == [
        call(
            "tool_call",
            title="Run x",
            status="completed",
            content=[{"type": "diff", "path": "/a"}],
            rawOutput={"n": 1},
            _meta={"a": 1, "b": 2},
        )
    ]


def test_a_terminal_becomes_the_text_that_it_showed():
    updates = [
        call("tool_call", _meta={"terminal_info": {"terminal_id": "x"}}, content=[{"type": "terminal"}]),
        call("tool_call_update", _meta={"terminal_output": {"data": "one\n"}}),
        call("tool_call_update", status="completed", rawOutput={"stdout": "one\n", "stderr": "two\n"}),
    ]

    [whole] = merged(updates)

    assert "_meta" not in whole
    assert [item["content"]["text"] for item in whole["content"]] == ["```\none\ntwo\n```"]


def test_of_plans_and_usage_the_last_counts():
    updates = [{"sessionUpdate": "plan", "entries": [number]} for number in range(3)]

    assert merged([*updates, {"sessionUpdate": "usage_update", "used": 1}])[0] == updates[-1]


def test_a_turn_whose_process_is_gone_has_an_end(tmp_path):
    store = open_store(tmp_path / "sessions.db")
    store.create_session(SessionRecord("s", "/"))
    store.begin_turn("s", 1, [])
    store.append_update("s", 1, call("tool_call", status="in_progress", content=[{"type": "diff", "path": "/a"}]))
    store.close()

    cut, notice = conversation(open_store(tmp_path / "sessions.db"), "s")

    assert cut["status"] == "failed"
    assert cut["content"][0]["type"] == "diff"
    assert cut["rawOutput"] == {"error": CUT_CALL}
    assert "interrupted" in notice["content"]["text"]


def test_a_title_is_the_first_line_with_words_without_markup():
    def titled(*texts):
        return title_of([{"type": "text", "text": text} for text in texts])

    assert titled("\n\n## **Fix**  the `parser`\nplease") == "Fix the parser"
    assert titled("```python\nprint(1)\n```") == "print(1)"
    assert titled("", "- [second] block") == "[second] block"
    assert titled("a\x00b\u202e c") == "a b c"
    assert titled("") == title_of([{"type": "resource_link", "uri": "file:///a"}]) == "Untitled"
    long = titled("word " * 40)
    assert len(long) <= LONGEST + 1
    assert long.endswith("word…")
