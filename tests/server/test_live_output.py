"""What live output costs on the wire, and that nothing of it is lost: to clients with and without `_meta` terminals."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest

from punie_acp.agent.events import ProgramWritten
from punie_acp.codemode.events import (
    CallFinished,
    CallProgress,
    CallRequested,
    CallStarted,
    CallType,
    Printed,
    ProgramChecked,
    ProgramFinished,
    ProgramOutcome,
)
from punie_acp.server.updates import Updates, live
from punie_acp.server.updates.wire import RESULT_CHARACTERS

MIB = 1024 * 1024
PLAIN = {"fs": {"readTextFile": True}}
ZED_LIKE = {"_meta": {"terminal_output": True}}
RUN = CallRequested(
    call_id="t1/p1/1",
    program_id="t1/p1",
    type=CallType.SHELL,
    kind="execute",
    function="run_command",
    title="Run make",
    source_line=1,
    raw_input={"command": "make"},
    command="make",
    cwd="/w",
)
RESULT = {"exit_code": 0, "signal": None, "stdout": "", "stderr": "", "timed_out": False}


@dataclass
class Client:
    """Counts the bytes, and shows the calls: the last value of each field, and the terminal's whole output."""

    size: int = 0
    updates: int = 0
    fields: dict = field(default_factory=dict)
    terminal: int = 0  # characters
    terminal_end: str = ""
    texts: list[str] = field(default_factory=list)

    async def take(self, update):
        self.size += len(json.dumps(update))
        self.updates += 1
        self.fields |= update
        data = update.get("_meta", {}).get("terminal_output", {}).get("data", "")
        self.terminal += len(data)
        self.terminal_end = (self.terminal_end + data)[-100:]
        if "content" in update and "status" not in update:
            self.texts.append(shown_text(update))


def shown_text(update):
    return "".join(item["content"]["text"] for item in update["content"] if item["type"] == "content")


def play(capabilities, pieces, **how):
    """A client that has been shown a command with this output."""
    client = Client()

    async def run():
        updates = Updates(client.take, capabilities, **how)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(updates.keep_up)
            await updates.emit(RUN)
            await updates.emit(CallStarted(RUN.call_id))
            for piece in pieces:
                await updates.emit(CallProgress(RUN.call_id, output=piece))
                await anyio.lowlevel.checkpoint()
            await updates.emit(CallFinished(RUN.call_id, "completed", raw_output=RESULT))
            tasks.cancel_scope.cancel()

    anyio.run(run)
    return client


def lines(size, piece=4096):
    """`size` characters in pieces, each line with its number."""
    number, block = 0, ""
    for _ in range(size // piece):
        while len(block) < piece:
            number += 1
            block += f"line {number:>9}\n"
        yield block[:piece]
        block = block[piece:]


@pytest.mark.parametrize("size", [MIB, 8 * MIB])
@pytest.mark.parametrize("capabilities", [PLAIN, ZED_LIKE], ids=["plain", "terminals"])
def test_output_costs_no_more_than_its_own_size_on_the_wire(capabilities, size):
    client = play(capabilities, lines(size))
    assert client.size < 1.3 * size + 3 * RESULT_CHARACTERS
    if capabilities is ZED_LIKE:
        assert client.terminal == size  # all of it, once


@pytest.mark.parametrize("pieces", [["."] * 20_000, ["x" * 79 + "\n"] * 5_000], ids=["dots", "lines"])
def test_output_in_small_pieces_costs_a_constant_for_each_character(pieces):
    client = play(PLAIN, pieces, seconds_between=0.0)  # the worst case: nothing is held back for its time
    size = sum(map(len, pieces))
    assert client.size < live.BASE + live.FACTOR * size + min(2 * size, 2 * RESULT_CHARACTERS) + 2_000
    assert client.texts  # and yet it was seen


def test_a_slow_output_is_seen_line_by_line_however_long_it_has_become():
    client = play(PLAIN, [f"step {number} " + "." * 70 + "\n" for number in range(4_000)], seconds_between=0.0)
    assert len(client.texts) > 3_900
    late = client.texts[-1]
    assert "step 3999 " in late
    assert "characters before" in late


@pytest.mark.parametrize("capabilities", [PLAIN, ZED_LIKE], ids=["plain", "terminals"])
def test_the_last_copy_has_all_output_up_to_the_limit(capabilities):
    pieces = list(lines(RESULT_CHARACTERS, piece=1000))
    client = play(capabilities, pieces)
    if capabilities is PLAIN:
        assert shown_text(client.fields) == "```\n" + "".join(pieces).rstrip("\n") + "\n```"
    else:
        assert client.fields["rawOutput"] == RESULT | {"formatted_output": "".join(pieces)}


@pytest.mark.parametrize("capabilities", [PLAIN, ZED_LIKE], ids=["plain", "terminals"])
def test_of_a_longer_output_the_last_copy_has_the_beginning_and_the_end(capabilities):
    client = play(capabilities, lines(MIB))
    copy = shown_text(client.fields) if capabilities is PLAIN else client.fields["rawOutput"]["formatted_output"]
    assert "line         1\n" in copy
    assert f"{MIB - RESULT_CHARACTERS} characters left out" in copy
    assert "".join(lines(MIB))[-30:].strip() in copy
    assert len(copy) < RESULT_CHARACTERS + 100


@pytest.mark.parametrize("capabilities", [PLAIN, ZED_LIKE], ids=["plain", "terminals"])
def test_memory_stays_flat_while_output_streams(capabilities):
    play(capabilities, ["warm\n"])
    tracemalloc.start()
    play(capabilities, ("z" * 4095 + "\n" for _ in range(8 * MIB // 4096)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * MIB


def test_a_client_with_terminals_is_told_of_one_and_of_its_end():
    updates = []

    async def run():
        async def take(update):
            updates.append(dict(update))

        sender = Updates(take, ZED_LIKE)
        await sender.emit(RUN)
        await sender.emit(CallStarted(RUN.call_id))
        await sender.emit(CallProgress(RUN.call_id, output="hello\n"))
        await sender.emit(CallFinished(RUN.call_id, "completed", raw_output=RESULT | {"exit_code": 2}))

    anyio.run(run)
    announced, started, output, ended = updates
    assert announced["_meta"]["terminal_info"] == {"terminal_id": RUN.call_id, "cwd": "/w"}
    assert announced["content"] == [{"type": "terminal", "terminalId": RUN.call_id}]
    assert started["content"] == announced["content"]  # a question may have shown something else
    assert output == {
        "sessionUpdate": "tool_call_update",
        "toolCallId": RUN.call_id,
        "_meta": {"terminal_output": {"terminal_id": RUN.call_id, "data": "hello\n"}},
    }
    assert ended["_meta"] == {"terminal_exit": {"terminal_id": RUN.call_id, "exit_code": 2, "signal": None}}
    assert ended["rawOutput"]["formatted_output"] == "hello\n"


def test_a_command_that_is_refused_leaves_no_terminal_running():
    client = Client()

    async def run():
        sender = Updates(client.take, ZED_LIKE)
        await sender.emit(RUN)
        await sender.emit(CallFinished(RUN.call_id, "refused", error="the user refused: Run make"))

    anyio.run(run)
    assert client.fields["status"] == "failed"
    assert client.fields["_meta"]["terminal_exit"]["exit_code"] is None
    assert client.fields["content"] == [
        {"type": "content", "content": {"type": "text", "text": "the user refused: Run make"}}
    ]


def test_a_client_that_runs_commands_itself_gets_no_second_terminal():
    client = play(ZED_LIKE | {"terminal": True}, ["hello\n"])
    assert client.terminal == 0
    assert "hello" in shown_text(client.fields)


def test_a_program_and_its_output_cost_a_constant_for_each_character():
    client, code, printed = Client(), "x = 1\n" * 1500, "one more line of output\n" * 2500

    async def run():
        sender = Updates(client.take, seconds_between=0.0)
        for end in range(0, len(code), 5):
            await sender.emit(ProgramWritten("t1/p1", code[:end]))
        await sender.emit(ProgramWritten("t1/p1", code, complete=True))
        await sender.emit(ProgramChecked("t1/p1", code))
        for start in range(0, len(printed), 24):
            await sender.emit(Printed("t1/p1", printed[start : start + 24]))
        await sender.emit(ProgramFinished("t1/p1", ProgramOutcome(printed)))

    anyio.run(run)
    size = len(code) + len(printed)
    assert client.size < 5 * live.BASE + (live.FACTOR + 4) * size
    assert client.fields["rawOutput"]["output"] == printed
