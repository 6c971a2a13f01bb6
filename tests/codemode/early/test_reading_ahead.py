"""What a program reads is read while it is written; it prints, leaves and shows what it would have otherwise."""

import functools
from dataclasses import replace

import anyio
import pytest
from pydantic_ai.models.test import TestModel

from punie_acp.agent.ahead import reading_ahead
from punie_acp.agent.request import TurnRequest
from punie_acp.agent.turn import Turn
from punie_acp.codemode.events import CallFinished, CallRequested, CallStarted, ProgramChecked, ProgramLimits
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.codemode.session import Session
from punie_acp.settings import Settings
from punie_acp.workspace.local import LocalWorkspace
from tests.codemode.conftest import Watcher
from tests.codemode.early.conftest import PATIENT, settled, write_and_run

READING = """text = read_file("a.txt")
for name in list_files("**/*.py"):
    print(name, len(read_file(name)))
with open("data.json") as file:
    print(file.read())
found = search("TODO")
print(len(found), len(text))
"""


def test_reads_are_made_while_the_program_is_written_and_shown_once(desk):
    written = desk.write(READING)

    early = ["Read a.txt", "List **/*.py", "Read src/b.py", "Read src/deep/c.py", "Read data.json", "Search for TODO"]
    assert written.titles == early
    assert written.ran.outcome.error is None
    requests = written.ran.requests
    assert [request.title for request in requests] == early
    assert [request.source_line for request in requests] == [1, 2, 3, 3, 4, 6]
    assert [request.call_id for request in requests] == [f"t/{desk.lab.programs}/{n}" for n in range(1, 7)]
    assert [finish.status for finish in written.ran.finishes] == ["completed"] * 6


def test_it_is_told_as_without_reading_ahead(desk):
    written, alone = desk.write(READING), desk.lab.run(READING)

    assert (written.ran.output, written.ran.outcome.calls) == (alone.output, alone.outcome.calls)
    told = [(r.title, r.source_line, r.function, r.raw_input, r.locations) for r in written.ran.requests]
    assert told == [(r.title, r.source_line, r.function, r.raw_input, r.locations) for r in alone.requests]
    assert [f.raw_output for f in written.ran.finishes] == [f.raw_output for f in alone.finishes]


@pytest.mark.parametrize(
    "effect",
    [
        "write_file('new.txt', 'x')",
        "edit_file('a.txt', 'two', '2')",
        "run_command('echo x > new.txt')",
        "open('new.txt', 'w').write('x')",
        "import os; os.remove('a.txt')",
        "from pathlib import Path; Path('new.txt').write_text('x')",
        "import shutil; shutil.copy('a.txt', 'new.txt')",
        "import subprocess; subprocess.run(['touch', 'new.txt'])",
        "import time; time.sleep(0.01)",
        "print(read_file('.env'))",
        "read_file('../outside.txt')",
        "print(1 / 0)",
        "raise KeyboardInterrupt",
    ],
)
def test_nothing_runs_ahead_of_what_does_more_than_read(desk, effect):
    (desk.root / ".env").write_text("KEY=1\n")
    before = {path: path.read_text() for path in desk.root.rglob("*") if path.is_file()}
    seen = []

    def look():
        seen.append({path: path.read_text() for path in desk.root.rglob("*") if path.is_file()})

    written = desk.write(f"read_file('a.txt')\n{effect}\nread_file('src/b.py')\n", meanwhile=look)

    assert written.titles == ["Read a.txt"]
    assert seen == [before]
    titles = [request.title for request in written.ran.requests]
    assert titles.count("Read a.txt") == 1
    if written.ran.outcome.error is None and "sleep" not in effect:
        assert titles[0] == "Read a.txt"
        assert titles[-1] == "Read src/b.py"
        assert len(titles) > 2
    assert len({request.call_id for request in written.ran.requests}) == len(titles)


def test_a_program_that_turns_out_to_be_broken_has_only_read(desk):
    written = desk.write("x = read_file('a.txt')\nwrite_file('a.txt', '')\nread_file(nothing)\nprint(x")

    assert written.ran.outcome.error.kind == "syntax"
    assert [request.title for request in written.ran.requests] == ["Read a.txt"]
    assert (desk.root / "a.txt").read_text() == "one\ntwo\nthree\n"
    assert desk.lab.run("print('x' in globals())").output == "False\n"


def test_a_file_that_changed_meanwhile_is_read_again(desk):
    def change():
        (desk.root / "a.txt").write_text("changed\n")
        (desk.root / "data.json").unlink()

    code = (
        "import os\na = read_file('a.txt')\nb = read_file('src/b.py')\n"
        "j = os.path.exists('data.json')\nprint(a, b, j)\n"
    )
    written = desk.write(code, meanwhile=change)

    assert written.ran.output == "changed\n # TODO: first\nx = 1\n False\n"
    titles = [request.title for request in written.ran.requests]
    assert titles == ["Read a.txt", "Read src/b.py", "Look for data.json", "Read a.txt", "Look for data.json"]
    assert len({request.call_id for request in written.ran.requests}) == 5


def test_a_missing_file_is_looked_for_once(desk):
    code = "try:\n    read_file('none.txt')\nexcept FileNotFoundError as error:\n    print(error)\nprint('so')\n"
    written, alone = desk.write(code), desk.lab.run(code)

    assert [finish.status for finish in written.early if isinstance(finish, CallFinished)] == ["failed"]
    assert (written.ran.output, len(written.ran.requests)) == (alone.output, 1)


def test_a_read_that_the_program_does_not_make_after_all_has_ended(desk):
    written = desk.write("read_file('a.txt')\nread_file('data.json')\n", final="print(read_file('src/b.py'))\n")

    assert [finish.status for finish in written.ran.finishes] == ["completed"] * 3
    assert [request.title for request in written.ran.requests] == ["Read a.txt", "Read data.json", "Read src/b.py"]
    assert len({request.call_id for request in written.ran.requests}) == 3
    assert written.ran.outcome.calls == 1


def test_what_was_read_before_a_write_does_not_count_after_it(desk):
    code = (
        "first = read_file('a.txt')\nagain = [read_file('a.txt') for _ in range(2)]\n"
        "write_file('a.txt', 'new')\nprint(read_file('a.txt'), len(first), len(again))\n"
    )
    written = desk.write(code)

    assert written.titles == ["Read a.txt"] * 3
    assert written.ran.output == "new 14 2\n"
    assert len(written.ran.requests) == 5


def test_the_session_is_as_if_nothing_had_run_ahead(desk):
    desk.lab.run("count = 1\nseen = []")
    written = desk.write("count += 1\nseen.append(read_file('a.txt'))\nprint(count, len(seen))\n")

    assert written.titles == ["Read a.txt"]
    assert written.ran.output == "2 1\n"
    assert desk.lab.run("print(count, len(seen))").output == "2 1\n"


def test_functions_and_classes_of_the_program_work_ahead(desk):
    code = (
        "import json\n\nclass Box:\n    def __init__(self, path):\n        self.text = read_file(path)\n\n"
        "    @property\n    def size(self):\n        return len(self.text)\n\n"
        "def boxes(*paths):\n    for path in paths:\n        yield Box(path)\n\n"
        "for box in boxes('a.txt', 'data.json'):\n    print(box.size)\n"
        "data = json.loads(open('data.json').read())\nprint(data['n'])\n"
    )
    written = desk.write(code)

    assert written.titles == ["Read a.txt", "Read data.json", "Read data.json"]
    assert [request.source_line for request in written.ran.requests] == [5, 5, 17]
    assert (written.ran.output, len(written.ran.requests)) == ("14\n26\n3\n", 3)


def test_gathered_reads_run_ahead(desk):
    code = (
        "import asyncio\nboth = await asyncio.gather(read_file('a.txt'), read_file('data.json'))\n"
        "print([len(one) for one in both])\n"
    )
    written = desk.write(code)

    assert sorted(written.titles) == ["Read a.txt", "Read data.json"]
    assert (written.ran.output, len(written.ran.requests)) == ("[14, 26]\n", 2)


def test_a_refused_read_stays_refused_and_ends_reading_ahead(desk):
    code = "try:\n    read_file('a.txt')\nexcept PermissionError as error:\n    print(error)\nread_file('data.json')\n"
    written = desk.write(code, refuse=lambda call: "not this one" if "a.txt" in call.title else None)

    assert written.titles == ["Read a.txt"]
    assert written.ran.output == "not this one\n"
    assert [finish.status for finish in written.ran.finishes] == ["refused", "refused", "completed"]


def test_more_calls_than_are_allowed_are_not_made_ahead_either(desk):
    code = "for _ in range(25):\n    read_file('a.txt')\nprint(1)\n"
    written = desk.write(code, limits=replace(PATIENT, calls=20))

    assert len(written.titles) == 20
    assert written.ran.outcome.error.kind == "limit"
    assert len(written.ran.requests) == 20


class Slow(LocalWorkspace):
    """A workspace whose files are read when they are let go."""

    def __init__(self, root):
        super().__init__(root)
        self.reading = anyio.Event()
        self.let_go = anyio.Event()
        self.at_once = self.most = 0

    async def read_text(self, path):
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.reading.set()
        try:
            await self.let_go.wait()
            return await super().read_text(path)
        finally:
            self.at_once -= 1


@pytest.fixture
def slow(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text(name)
    return Slow(tmp_path.resolve())


def events_of(watcher, kind):
    return [(type(event).__name__, event.call_id) for event in watcher.events if isinstance(event, kind)]


@pytest.mark.anyio
async def test_a_call_that_is_open_when_the_program_is_complete_is_waited_for(slow):
    watcher = Watcher()
    async with Sandbox(slow, PATIENT) as sandbox:
        ahead = sandbox.read_ahead("t/1", watcher)
        with anyio.fail_after(120):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ahead.run)
                ahead.written("x = read_file('a')\n")
                await slow.reading.wait()
                tasks.start_soon(ahead.end)
                await anyio.lowlevel.checkpoint()
                assert not ahead._ended.is_set()
                slow.let_go.set()
        outcome = await sandbox.run("x = read_file('a')\nprint(x)", program_id="t/1", observer=watcher)
    assert (outcome.output, outcome.calls) == ("a\n", 1)
    kinds = (ProgramChecked, CallRequested, CallFinished)
    assert [type(event) for event in watcher.events if isinstance(event, kinds)] == [
        CallRequested,
        CallFinished,
        ProgramChecked,
    ]


class SlowWatcher(Watcher):
    """Takes a round of the loop for each event, as a client on a wire does."""

    def __init__(self):
        super().__init__()
        self.begun = []

    async def emit(self, event):
        self.begun.append(event)
        await anyio.sleep(0.001)
        await super().emit(event)


@pytest.mark.anyio
async def test_no_call_is_begun_that_nobody_waits_for_when_the_program_is_complete(slow):
    """Its last line comes right before its end, at whatever moment of the line before."""
    slow.let_go.set()
    async with Sandbox(slow, PATIENT) as sandbox:
        for moment in range(50):
            watcher = SlowWatcher()
            ahead = sandbox.read_ahead("t/1", watcher)
            with anyio.fail_after(120):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(ahead.run)
                    ahead.written("x = read_file('a')\n")
                    while not watcher.of(CallFinished):
                        await anyio.lowlevel.checkpoint()
                    for _ in range(moment % 7):
                        await anyio.lowlevel.checkpoint()
                    ahead.written("x = read_file('a')\ny = read_file('b')\n")
                    await ahead.end()
            assert watcher.begun == watcher.events


@pytest.mark.anyio
async def test_nothing_is_begun_where_the_program_was_complete_before_its_copy_was_there(slow, monkeypatch):
    slow.let_go.set()
    restore = Session.restore
    async with Sandbox(slow, PATIENT) as sandbox:
        watcher = SlowWatcher()
        ahead = sandbox.read_ahead("t/1", watcher)

        restored = anyio.Event()

        async def restore_while_it_ends(self):
            await restore(self)
            restored.set()
            with anyio.CancelScope(shield=True):  # its last step, which nothing interrupts
                while not ahead._scope.cancel_called:
                    await anyio.lowlevel.checkpoint()

        monkeypatch.setattr(Session, "restore", restore_while_it_ends)
        with anyio.fail_after(120):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ahead.run)
                ahead.written("x = read_file('a')\n")
                await restored.wait()
                await ahead.end()
        assert not watcher.begun
        assert not ahead._pieces


@pytest.mark.anyio
async def test_a_turn_that_is_cancelled_ends_the_open_call(slow):
    watcher = Watcher()
    async with Sandbox(slow, PATIENT) as sandbox:
        ahead = sandbox.read_ahead("t/1", watcher)
        with anyio.fail_after(120):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ahead.run)
                ahead.written("x = read_file('a')\n")
                await slow.reading.wait()
                tasks.cancel_scope.cancel()
        assert watcher.of(CallFinished)[0].status == "cancelled"
        slow.let_go.set()
        outcome = await sandbox.run("print(read_file('a'))", program_id="t/2", observer=watcher)
    assert outcome.output == "a\n"


@pytest.mark.anyio
async def test_an_endless_computation_ends_with_the_program(slow):
    watcher = Watcher()
    async with Sandbox(slow, ProgramLimits(seconds=600)) as sandbox:
        ahead = sandbox.read_ahead("t/1", watcher)
        with anyio.fail_after(120):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ahead.run)
                ahead.written("x = False and open('a')\nwhile True:\n    pass\nprint(1)")
                while ahead._running is None:  # noqa: ASYNC110
                    await anyio.sleep(0.001)
                await ahead.end()
        assert not watcher.events
        outcome = await sandbox.run("print(2)", program_id="t/2", observer=watcher)
    assert outcome.output == "2\n"


@pytest.mark.anyio
async def test_files_are_looked_at_again_all_at_once(slow):
    slow.let_go.set()
    code = "".join(f"{name} = read_file('{name}')\n" for name in "abc") + "print(a, b, c)\n"
    watcher = Watcher()
    async with Sandbox(slow, PATIENT) as sandbox:

        def hold():
            slow.let_go, slow.most = anyio.Event(), 0

        async def let_go_when_all_are_read():
            while slow.most < 3:  # noqa: ASYNC110
                await anyio.sleep(0.001)
            slow.let_go.set()

        with anyio.fail_after(120):
            async with anyio.create_task_group() as tasks:
                started = functools.partial(tasks.start_soon, let_go_when_all_are_read)
                written = await write_and_run(sandbox, watcher, "t/1", code, meanwhile=lambda: (hold(), started()))
    assert written.ran.output == "a b c\n"
    assert len(events_of(watcher, CallStarted)) == 3


@pytest.mark.anyio
async def test_a_client_that_does_not_answer_any_more_does_not_keep_a_program_that_needs_no_answer(slow):
    slow.let_go.set()
    watcher = Watcher()

    def hold():
        slow.let_go = anyio.Event()

    async with Sandbox(slow, PATIENT) as sandbox:
        with anyio.fail_after(120):
            written = await write_and_run(
                sandbox,
                watcher,
                "t/1",
                "import random\nif random.random() < 2:\n    x = read_file('a')\n",
                final="import random\nif random.random() < 2:\n    x = 1\nprint(x)",
                meanwhile=hold,
            )
    assert written.ran.output == "1\n"


@pytest.mark.anyio
async def test_what_is_written_letter_by_letter_runs_as_soon_as_it_is_closed(slow):
    slow.let_go.set()
    watcher, counts = Watcher(), []
    code = "a = read_file('a')\nfor n in 'bc':\n    read_file(n)\nprint(a)"
    async with Sandbox(slow, PATIENT) as sandbox:
        ahead = sandbox.read_ahead("t/1", watcher)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.run)
            for length in range(len(code) + 1):
                ahead.written(code[:length])
                await settled(ahead)
                counts.append(len(watcher.of(CallFinished)))
            await ahead.end()
        await sandbox.run(code, program_id="t/1", observer=watcher)
    first, loop = code.index("\n") + 1, code.index("print")
    assert counts == [0] * first + [1] * (loop + 1 - first) + [3] * (len(code) - loop)
    assert len(watcher.of(CallRequested)) == 3


async def fail_while_reading(turn, slow):
    async with reading_ahead(turn) as written:
        written("t1/p1", "x = read_file('a')\n")
        await slow.reading.wait()
        raise OSError("the model failed")


@pytest.mark.anyio
async def test_a_model_that_fails_does_not_wait_for_an_open_call(slow):
    watcher = Watcher()
    async with Sandbox(slow, PATIENT) as sandbox:
        request = TurnRequest("Go.", "t1", TestModel(), (), "key")
        turn = Turn(request, sandbox, watcher, Settings(read_ahead=True))
        with anyio.fail_after(120), pytest.raises(OSError, match="the model failed"):
            await fail_while_reading(turn, slow)
    assert [finish.status for finish in watcher.of(CallFinished)] == ["cancelled"]
