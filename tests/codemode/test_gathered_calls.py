"""Calls that a program gathers run at once, each a tool call of its own, without disorder among the writes."""

import time

import anyio
import pytest

from punie_acp.codemode.calls import Answer, Plan
from punie_acp.codemode.deferring import defer
from punie_acp.codemode.events import CallFinished, CallRequested, CallStarted, CallType, Decision, ProgramLimits
from punie_acp.codemode.extra import ExtraFunction
from tests.codemode.conftest import Watcher

HEAD = "import asyncio\n"


@pytest.mark.parametrize(
    "code",
    [
        'await asyncio.gather(run_command("sleep 0.5"), run_command("sleep 0.5"), run_command("sleep 0.5"))',
        'await asyncio.gather(*[run_command("sleep 0.5") for _ in range(3)])',
        'await asyncio.gather(*(run_command("sleep 0.5") for _ in range(3)))',
        'tasks = [run_command("sleep 0.5") for _ in range(3)]\nawait asyncio.gather(*tasks)',
        'async def one():\n    return await run_command("sleep 0.5")\nawait asyncio.gather(one(), one(), one())',
        'await asyncio.gather(*[asyncio.to_thread(run_command, "sleep 0.5") for _ in range(3)])',
        'tasks = [asyncio.create_task(run_command("sleep 0.5")) for _ in range(3)]\nfor task in tasks:\n    await task',
        """async def main():
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(run_command("sleep 0.5"))
asyncio.run(main())""",
        """async def one():
    return run_command("sleep 0.5")
async def main():
    return await asyncio.gather(*[one() for _ in range(3)])
asyncio.run(main())""",
    ],
)
def test_gathered_calls_run_at_once(lab, code):
    ran = lab.run(HEAD + code)
    assert ran.outcome.error is None
    assert [finish.status for finish in ran.finishes] == ["completed"] * 3
    assert [request.call_id for request in ran.requests] == [f"t/{lab.programs}/{n}" for n in (1, 2, 3)]
    order = [type(event) for event in ran.watcher.events if isinstance(event, CallStarted | CallFinished)]
    assert order == [CallStarted] * 3 + [CallFinished] * 3


def test_a_slow_call_does_not_hold_up_a_chain_of_short_ones(lab):
    ran = lab.run(
        HEAD + "async def chain():\n    for i in range(21):\n        await read_file('a.txt')\n"
        "async def main():\n    await asyncio.gather(run_command('sleep 0.8'), chain())\nasyncio.run(main())"
    )
    ended = [event.call_id.rsplit("/", 1)[1] for event in ran.finishes]
    assert ended == [*(str(n) for n in range(2, 23)), "1"]


def test_results_come_in_the_order_of_the_program(lab):
    code = 'print(await asyncio.gather(run_command("sleep 0.2; echo a"), read_file("a.txt", 1, 1), 7))'
    assert "stdout='a\\n'" in (output := lab.run(HEAD + code).output)
    assert output.endswith("'one\\n', 7]\n")


def test_a_failing_member_raises_and_the_others_end(lab):
    ran = lab.run(
        HEAD + "try:\n"
        '    await asyncio.gather(read_file("missing"), run_command("sleep 0.3; echo x > late.txt"))\n'
        'except FileNotFoundError:\n    print("caught")'
    )
    assert (ran.output, ran.outcome.error) == ("caught\n", None)
    assert sorted(finish.status for finish in ran.finishes) == ["completed", "failed"]
    assert (lab.root / "late.txt").exists()


def test_exceptions_can_be_gathered_too(lab):
    code = 'r = await asyncio.gather(read_file("missing"), read_file("a.txt"), return_exceptions=True)\n'
    assert lab.run(HEAD + code + "print(type(r[0]).__name__, len(r[1]))").output == "FileNotFoundError 14\n"


def test_writes_to_one_file_keep_their_order_and_commands_that_of_all_writes(lab):
    ran = lab.run(
        HEAD + 'await asyncio.gather(run_command("sleep 0.3; echo first > a.txt"), write_file("a.txt", "second\\n"),\n'
        '    edit_file("a.txt", "second", "third"), read_file("src/b.py"), write_file("./a.txt", "fourth\\n"))'
    )
    assert ran.outcome.error is None
    assert (lab.root / "a.txt").read_text() == "fourth\n"
    changes = [
        (request.changes[0].old_text, request.changes[0].new_text) for request in ran.requests if request.changes
    ]
    assert changes == [("first\n", "second\n"), ("second\n", "third\n"), ("third\n", "fourth\n")]


class Slow(Watcher):
    """Takes its time over a question, and knows whether it was asked another meanwhile."""

    asked = 0
    at_once = 0

    async def permit(self, call):
        self.asked += 1
        self.at_once = max(self.at_once, self.asked)
        await anyio.sleep(0.05)
        self.asked -= 1
        return Decision(not call.title.endswith("b.py"), "no")


def test_people_are_asked_one_question_at_a_time(lab):
    watcher = Slow()
    code = (
        HEAD
        + 'await asyncio.gather(*[read_file(p) for p in ("a.txt", "src/b.py", "data.json")], return_exceptions=True)'
    )

    async def run():
        return await lab.sandbox.run(code, program_id="q", observer=watcher)

    assert lab.portal.call(run).error is None
    assert watcher.at_once == 1
    assert {event.call_id: event.status for event in watcher.of(CallFinished)} == {
        "q/1": "completed",
        "q/2": "refused",
        "q/3": "completed",
    }


@pytest.mark.parametrize("reason", ["cancelled", "limit"])
def test_stopping_the_program_stops_every_open_call(lab, reason):
    lab.run("kept = 8")
    calls = ", ".join(['run_command("sleep 30")'] * (3 if reason == "cancelled" else 4))
    watcher = Watcher()

    async def run():
        with anyio.move_on_after(0.6 if reason == "cancelled" else None):
            await lab.sandbox.run(
                f"{HEAD}await asyncio.gather({calls})", program_id="s", observer=watcher, limits=ProgramLimits(calls=3)
            )

    began = time.monotonic()
    lab.portal.call(run)
    assert time.monotonic() - began < 3
    requested = {event.call_id for event in watcher.of(CallRequested)}
    assert {(event.call_id, event.status) for event in watcher.of(CallFinished)} == {
        (i, "cancelled") for i in requested
    }
    assert watcher.events[-1].outcome.error.kind == reason
    assert lab.run("kept").outcome.value == "8"


def test_a_plain_call_stays_one_for_which_the_program_waits():
    code = 'x = read_file("a")\ndef f():\n    return [read_file(p) for p in x]\nprint(f())\n# async def, gather\n'
    assert defer(code) == code


def test_a_method_of_the_program_that_is_called_like_one_of_asyncio_gets_the_value(lab):
    code = """class Tasks:
    def create_task(self, title):
        return title.upper()
async def main():
    print(Tasks().create_task(read_file("a.txt", 1, 1)))
tasks = Tasks()
print(tasks.create_task(read_file("a.txt", 2, 2)))
asyncio.run(main())"""
    assert lab.run(HEAD + code).output == "TWO\n\nONE\n\n"


def test_coroutines_that_rely_on_their_turns_keep_them():
    code = 'import asyncio\nlock = asyncio.Lock()\nasync def f():\n    async with lock:\n        read_file("a")\n'
    assert defer(code) == code


BOUNDED = """import asyncio
bound = asyncio.Semaphore(2)
async def one(n):
    async with bound:
        return (await run_command(f"mkdir r{n}; ls -d r? | wc -l; sleep 0.2; rmdir r{n}")).stdout.strip()
found = await asyncio.gather(*[one(n) for n in range(5)])
assert len(found) == 5 and max(int(n) for n in found) <= 2, found
"""


def test_a_semaphore_keeps_its_bound(lab):
    ran = lab.run(BOUNDED)
    assert ran.outcome.error is None
    assert [finish.status for finish in ran.finishes] == ["completed"] * 5


def test_nothing_is_said_of_await_in_a_coroutine(lab):
    ran = lab.run('async def f():\n    return await read_file("a.txt", 1, 1)\nprint(await f())')
    assert (ran.output, ran.repairs) == ("one\n\n", ())
    assert "await" in lab.run('print(await read_file("a.txt", 1, 1))').repairs[0]


def test_gathered_calls_of_a_later_program_have_a_line_and_a_type(lab):
    ran = lab.run(HEAD + '\nawait asyncio.gather(\n    read_file("a.txt"),\n    write_file("n.txt", "x"),\n)')
    assert [(request.type, request.source_line) for request in ran.requests] == [
        (CallType.READ, 4),
        (CallType.WRITE, 5),
    ]


async def plan_pause(args, _):
    async def perform(_):
        await anyio.sleep(args[0])
        return Answer(None)

    return Plan(CallType.SHELL, "other", "Pause", perform)


def test_a_chain_of_short_tools_takes_no_longer_than_the_slow_one_beside_it(lab):
    lab.sandbox.set_extra([ExtraFunction("pause", 'def pause(seconds: float) -> None:\n    """Wait."""\n', plan_pause)])
    code = (
        "async def chain():\n    for _ in range(21):\n        await pause(0.01)\n"
        "import time\nbegan = time.time()\nawait asyncio.gather(chain(), pause(0.3))\nprint(time.time() - began)"
    )
    try:
        best = min(float(lab.run(HEAD + code).output) for _ in range(3))
    finally:
        lab.sandbox.set_extra([])
    assert best < 0.45  # 0.30 when nothing else runs; one after the other they take 0.51
