"""`punie-acp sessions` as a user meets it: real processes over a real store."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from inline_snapshot import snapshot

from punie_acp.server.store import open_store
from punie_acp.server.store.base import SessionRecord

LONG = "5f2c7d9e0a1b2c3d4e5f60718293a4b5"
OTHER = "5f2c7d9e1a1b2c3d4e5f60718293a4b5"
OF_A_PROGRAM = {"punie.dev/call": {"type": "file-system/write", "parent": "t1/p1"}}
CODE = "# Keep comments\n" + "\n".join(f"print({number})" for number in range(20))


def text(words):
    return {"type": "content", "content": {"type": "text", "text": words}}


TOLD = [
    {"sessionUpdate": "user_message_chunk", "messageId": "t1/u1", "content": {"type": "text", "text": "Keep them."}},
    {"sessionUpdate": "agent_thought_chunk", "messageId": "t1/n", "content": {"type": "text", "text": "Loading."}},
    {
        "sessionUpdate": "plan",
        "entries": [
            {"content": "Read the lexer", "priority": "medium", "status": "completed"},
            {"content": "Change it", "priority": "medium", "status": "pending"},
        ],
    },
    {"sessionUpdate": "tool_call", "toolCallId": "t1/p1", "title": "Writing a program", "status": "pending"},
    {
        "sessionUpdate": "tool_call",
        "toolCallId": "t1/p1/c1",
        "title": "Edit lexer.py",
        "status": "completed",
        "_meta": OF_A_PROGRAM,
        "content": [{"type": "diff", "path": "/home/lexer.py", "oldText": "a\nb\n", "newText": "a\nc\n"}],
    },
    {
        "sessionUpdate": "tool_call_update",
        "toolCallId": "t1/p1",
        "title": "Keep comments",
        "status": "failed",
        "content": [text(f"```python\n{CODE}\n```"), text("```\n\x1b[31mred\x1b]0;steered\x07 output\n```")],
    },
    {
        "sessionUpdate": "agent_message_chunk",
        "messageId": "t1/m",
        "content": {"type": "text", "text": "Its **lexer** "},
    },
    {"sessionUpdate": "agent_message_chunk", "messageId": "t1/m", "content": {"type": "text", "text": "skips them."}},
    {"sessionUpdate": "usage_update", "used": 10, "size": 100},
]


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def punie(tmp_path, data):
    def run(*arguments, stdin=""):
        names = ("PATH", "LANG", "VIRTUAL_ENV", "TMPDIR")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        environment |= {"HOME": str(tmp_path), "TZ": "UTC", "PUNIE_DATA_DIR": str(data), "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(
            [sys.executable, "-m", "punie_acp", "sessions", *arguments],
            capture_output=True,
            text=True,
            input=stdin,
            env=environment,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def kept(data, tmp_path):
    """A store with one session of two turns, the last one cut off, and an older session without any."""
    store = open_store(data / "sessions.db")
    store.create_session(SessionRecord(OTHER, "/srv/notes"))
    store.create_session(SessionRecord(LONG, f"{tmp_path}/engine", title="Why are comments dropped?", mode="auto"))
    store.begin_turn(
        LONG, 1, [{"type": "text", "text": "Keep them."}, {"type": "resource_link", "uri": "file:///a.py"}]
    )
    for update in TOLD:
        store.append_update(LONG, 1, update)
    store.save_history(LONG, 1, b'[{"kind":"request","parts":[]}]')
    store.end_turn(LONG, 1, "end_turn", {"outputTokens": 5})
    store.begin_turn(LONG, 2, [{"type": "text", "text": "And now?"}])
    store.append_update(LONG, 2, TOLD[3] | {"toolCallId": "t2/p1"})
    store.close()


def test_an_empty_store_says_so_and_is_not_made(punie, data):
    done = punie()
    assert (done.returncode, done.stdout) == (
        0,
        "There are no sessions yet. They are kept from your first prompt on.\n",
    )
    assert punie("list", "--json").stdout == "[]\n"
    assert punie("show", "x").returncode == 1
    assert not data.exists()


@pytest.mark.usefixtures("kept")
def test_the_list_shows_the_session_used_last_first(punie):
    lines = [line.split() for line in punie().stdout.splitlines()]
    assert lines[0] == ["id", "title", "folder", "turns", "used", "state"]
    assert lines[1][:7] == ["5f2c7d9e0", "Why", "are", "comments", "dropped?", "~/engine", "2"]
    assert lines[1][-1] == "interrupted"
    assert lines[2][:4] == ["5f2c7d9e1", "untitled", "/srv/notes", "0"]
    first, second = json.loads(punie("list", "--json").stdout)
    assert (first["sessionId"], first["turns"], first["state"], first["mode"]) == (LONG, 2, "interrupted", "auto")
    assert (second["sessionId"], second["title"], second["state"]) == (OTHER, None, None)
    assert [row["sessionId"] for row in json.loads(punie("list", "--json", "--cwd", "/srv/notes").stdout)] == [OTHER]
    limited = punie("list", "--limit", "1")
    assert (len(limited.stdout.splitlines()), limited.stderr) == (2, "There are more: --limit 10\n")


@pytest.mark.usefixtures("kept")
def test_a_conversation_is_shown_to_read(punie):
    done = punie("show", "5f2c7d9e0")
    _, _, *shown = done.stdout.splitlines()
    assert [line for line in shown if not line.startswith("──")] == snapshot(
        [
            "",
            "> Keep them.",
            "> [file:///a.py]",
            "Loading.",
            "  ☑ Read the lexer",
            "  ☐ Change it",
            "✗ Keep comments",
            "  # Keep comments",
            "  print(0)",
            "  print(1)",
            "  print(2)",
            "  print(3)",
            "  print(4)",
            "  print(5)",
            "  print(6)",
            "  print(7)",
            "  print(8)",
            "  print(9)",
            "  print(10)",
            "  … 9 more lines",
            "  red output",
            "  ✓ Edit lexer.py",
            "    /home/lexer.py",
            "    @@ -1,2 +1,2 @@",
            "     a",
            "    -b",
            "    +c",
            "Its **lexer** skips them.",
            "",
            "> And now?",
            "… Writing a program",
        ]
    )
    assert [line.rsplit(" · ", 1)[1] for line in shown if line.startswith("── turn")][1] == "interrupted ──"


@pytest.mark.usefixtures("kept")
def test_an_export_to_read_has_every_line(punie, tmp_path):
    file = tmp_path / "out.md"
    done = punie("export", LONG, "--output", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    exported = file.read_text(encoding="utf-8")
    assert exported.startswith("# Why are comments dropped?\n\nSession ")
    assert f"### ✗ Keep comments\n\n```python\n{CODE}\n```\n\n```\nred output\n```\n" in exported
    assert (
        "#### ✓ Edit lexer.py\n\n```diff\n--- /home/lexer.py\n+++ /home/lexer.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n```"
        in exported
    )
    assert "## Turn 2 (interrupted)\n\n> And now?" in exported
    assert punie("export", LONG).stdout == exported


@pytest.mark.usefixtures("kept")
def test_an_export_as_json_has_all_there_is(punie):
    exported = json.loads(punie("export", LONG, "--format", "json").stdout)
    first, second = exported["turns"]
    assert first["updates"] == TOLD
    assert (first["usage"], first["stopReason"], first["state"]) == ({"outputTokens": 5}, "end_turn", "ended")
    assert (second["prompt"], second["state"]) == ([{"type": "text", "text": "And now?"}], "interrupted")
    assert exported["messages"] == [{"kind": "request", "parts": []}]


@pytest.mark.usefixtures("kept")
def test_an_id_that_names_none_or_several_is_an_error_of_one_line(punie):
    unknown = punie("show", "beef")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == "punie-acp: there is no session 'beef'. `punie-acp sessions` lists those there are.\n"
    several = punie("export", "5f2c")
    assert several.stderr == f"punie-acp: 2 sessions begin with '5f2c': {LONG}, {OTHER}. Give more of the id.\n"
    assert several.returncode == 1


@pytest.mark.usefixtures("kept")
def test_a_session_is_deleted_only_when_the_user_says_so(punie):
    asked = punie("delete", "5f2c7d9e1", stdin="n\n")
    assert asked.returncode == 1
    assert "Delete 5f2c7d9e, untitled, 0 turns?" in asked.stderr
    assert len(json.loads(punie("list", "--json").stdout)) == 2
    assert punie("delete", "5f2c7d9e1", stdin="y\n").stdout.lstrip() == f"{OTHER} is deleted.\n"
    assert punie("delete", LONG, "--yes").returncode == 0
    assert json.loads(punie("list", "--json").stdout) == []


def test_a_store_that_cannot_be_read_is_an_error_of_one_line(punie, data):
    data.mkdir()
    (data / "sessions.db").write_bytes(b"Dear diary, " * 100)
    done = punie("list")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"punie-acp: {data}/sessions.db is not a store of sessions. Move it away; a new one is made.\n"
    )
