"""Events as ACP updates: the life cycle of a call, what is shown of it, and what is left open at the end."""

import json

import anyio

from punie_acp.agent.events import ProgramDropped, ProgramWritten, TextDelta
from punie_acp.codemode.events import (
    CallFinished,
    CallProgress,
    CallRequested,
    CallStarted,
    CallType,
    Change,
    Location,
    ProgramChecked,
    ProgramError,
    ProgramFinished,
    ProgramOutcome,
)
from punie_acp.server.updates import Updates

WRITE = CallRequested(
    call_id="t1/p1/1",
    program_id="t1/p1",
    type=CallType.WRITE,
    kind="edit",
    function="write_file",
    title="Write a.py",
    source_line=3,
    raw_input={"path": "a.py"},
    locations=(Location("/w/a.py", 1),),
    changes=(Change("/w/a.py", None, "x = 1\n"),),
)
RUN = CallRequested(
    call_id="t1/p1/2",
    program_id="t1/p1",
    type=CallType.SHELL,
    kind="execute",
    function="run_command",
    title="Run ls",
    source_line=4,
    raw_input={"command": "ls"},
    command="ls",
    cwd="/w",
)


def sent(*events, then_fail=False):
    """The updates for `events`, as they go over the wire."""
    updates = []

    async def send(update):
        updates.append(json.loads(json.dumps(update)))

    async def play():
        sender = Updates(send)
        for event in events:
            await sender.emit(event)
        if then_fail:
            await sender.fail_open("over")

    anyio.run(play)
    return updates


def test_a_write_goes_from_pending_with_its_diff_to_completed():
    pending, started, completed = sent(
        WRITE, CallStarted("t1/p1/1"), CallFinished("t1/p1/1", "completed", raw_output={"bytes": 6})
    )
    assert pending == {
        "sessionUpdate": "tool_call",
        "toolCallId": "t1/p1/1",
        "title": "Write a.py",
        "kind": "edit",
        "status": "pending",
        "locations": [{"path": "/w/a.py", "line": 1}],
        "rawInput": {"path": "a.py"},
        "content": [{"type": "diff", "path": "/w/a.py", "newText": "x = 1\n"}],
        "_meta": {
            "punie.dev/call": {
                "type": "file-system/write",
                "parent": "t1/p1",
                "function": "write_file",
                "line": 3,
            },
            "tool_name": "write_file",
        },
    }
    assert started == {"sessionUpdate": "tool_call_update", "toolCallId": "t1/p1/1", "status": "in_progress"}
    assert completed == {
        "sessionUpdate": "tool_call_update",
        "toolCallId": "t1/p1/1",
        "status": "completed",
        "rawOutput": {"bytes": 6},
    }


def test_a_refused_call_ends_failed_and_keeps_its_diff():
    *_, refused = sent(WRITE, CallFinished("t1/p1/1", "refused", error="PermissionError: the user refused"))
    assert refused["status"] == "failed"
    assert refused["rawOutput"] == {"error": "PermissionError: the user refused"}
    assert [block["type"] for block in refused["content"]] == ["diff", "content"]


def test_what_is_cancelled_before_it_is_announced_does_not_end_either():
    updates = []

    async def send(update):
        await anyio.lowlevel.checkpoint_if_cancelled()
        updates.append((update["sessionUpdate"], update["toolCallId"], update.get("status")))

    async def play():
        sender = Updates(send)
        await sender.emit(WRITE)
        for event in (ProgramWritten("t1/p1", "x = 1"), RUN):
            with anyio.CancelScope() as turn:
                turn.cancel()
                await sender.emit(event)
        await sender.fail_open("over")

    anyio.run(play)
    assert updates == [("tool_call", "t1/p1/1", "pending"), ("tool_call_update", "t1/p1/1", "failed")]


def test_output_is_shown_as_it_comes_but_not_for_every_piece_and_whole_at_the_end():
    pieces = [CallProgress("t1/p1/2", output=f"line {n}\n") for n in range(1000)]
    updates = sent(RUN, CallStarted("t1/p1/2"), *pieces, CallFinished("t1/p1/2", "completed", raw_output=0))
    progress = updates[2:-1]
    assert 1 <= len(progress) <= 20
    assert "line 0" in progress[0]["content"][0]["content"]["text"]
    whole = updates[-1]["content"][0]["content"]["text"]
    assert "line 0\n" in whole
    assert "line 999\n" in whole


def test_a_long_output_is_bounded_on_the_wire():
    piece = CallProgress("t1/p1/2", output="x" * 1_000_000)
    updates = sent(RUN, piece, piece, CallFinished("t1/p1/2", "completed"))
    assert max(len(str(update)) for update in updates) < 70_000


def test_a_command_in_a_client_terminal_shows_the_terminal_and_no_copy():
    updates = sent(
        RUN,
        CallProgress("t1/p1/2", terminal_id="term1"),
        CallProgress("t1/p1/2", output="hello"),
        CallFinished("t1/p1/2", "completed", raw_output={"exit_code": 0}),
    )
    assert updates[1]["content"] == [{"type": "terminal", "terminalId": "term1"}]
    assert "content" not in updates[-1]


def test_a_program_is_shown_while_it_is_written_then_runs_and_ends_with_its_output():
    code = "# Count\nprint(1)"
    updates = sent(
        ProgramWritten("t1/p1", "# Co"),
        ProgramWritten("t1/p1", code, complete=True),
        ProgramChecked("t1/p1", code),
        ProgramFinished("t1/p1", ProgramOutcome("1\n")),
    )
    assert [update.get("status") for update in updates] == ["pending", None, "in_progress", "completed"]
    assert updates[2]["title"] == "Count"
    assert updates[2]["rawInput"] == {"code": code}
    texts = [block["content"]["text"] for block in updates[-1]["content"]]
    assert texts == [f"```python\n{code}\n```", "```\n1\n```"]


def test_a_program_with_a_fence_in_it_is_fenced_with_more_backticks():
    code = 'text = "```"'
    update = sent(ProgramWritten("t1/p1", code))[0]
    assert update["content"][0]["content"]["text"] == f"````python\n{code}\n````"


def test_a_failed_program_says_kind_message_and_line():
    error = ProgramError("runtime", "ZeroDivisionError: division by zero", line=2, excerpt="1/0\n^")
    finished = sent(ProgramFinished("t1/p1", ProgramOutcome("", error=error)))[-1]
    assert finished["status"] == "failed"
    assert finished["rawOutput"]["error"] == {"kind": "runtime", "message": error.message, "line": 2}


def test_what_is_open_when_a_turn_ends_early_is_failed_once():
    updates = sent(ProgramWritten("t1/p1", "x"), RUN, CallStarted("t1/p1/2"), then_fail=True)
    ended = [update["toolCallId"] for update in updates if update.get("status") == "failed"]
    assert ended == ["t1/p1/2", "t1/p1"]


def test_a_dropped_program_is_failed_and_not_open_any_more():
    updates = sent(ProgramWritten("t1/p1", "x"), ProgramDropped("t1/p1", "malformed"), then_fail=True)
    assert [update.get("status") for update in updates] == ["pending", "failed"]


def test_text_carries_the_id_of_its_message():
    update = sent(TextDelta("t1/m1", "hello"))[0]
    assert (update["sessionUpdate"], update["messageId"]) == ("agent_message_chunk", "t1/m1")
