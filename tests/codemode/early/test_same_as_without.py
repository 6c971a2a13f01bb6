"""A program that is read ahead is told, kept and shown as one that is not."""

from dataclasses import dataclass

import anyio
import pytest

from punie_acp.codemode.early.record import FRESH_SECONDS
from punie_acp.codemode.events import CallRequested, Printed
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.workspace.local import LocalWorkspace
from tests.codemode.conftest import Watcher
from tests.codemode.early.conftest import PATIENT, write_and_run
from tests.codemode.early.test_prefetching import NAMES, Remote
from tests.codemode.test_extra import weather_function
from tests.codemode.test_surviving import Shelf, ended


@pytest.mark.parametrize(
    "code",
    [
        "data = open('data.json').read()\nfound = list_files('src/*.json')\nfor n in found:\n    print(n)\n",
        "try:\n    read_file('src/d.py')\nexcept FileNotFoundError:\n    x = 1\nelse:\n    x = 2\nx += 1\n",
        "for match in search('nothing', 'lib/*.py'):\n    print(match)\nx = 1\n",
        "text = read_file('src/b.py')\nprint([line for line in text.splitlines() if 'x' in line])\n",
    ],
)
def test_the_model_is_told_what_it_would_have_been_told(desk, code):
    written, alone = desk.write(code), desk.lab.run(code)

    ours, theirs = written.ran.outcome, alone.outcome
    assert written.titles
    assert (ours.output, ours.value, ours.error, ours.calls) == (
        theirs.output,
        theirs.value,
        theirs.error,
        theirs.calls,
    )
    assert (ours.shapes, ours.missed, ours.effects) == (theirs.shapes, theirs.missed, theirs.effects)


def test_a_function_of_an_earlier_program_reads_ahead_on_no_line(desk):
    desk.lab.run("def load(path):\n    return read_file(path)\n")
    code = "text = load('a.txt') + read_file('data.json')\nprint(len(text))\n"
    written, alone = desk.write(code), desk.lab.run(code)

    assert written.titles == ["Read a.txt", "Read data.json"]
    assert [r.source_line for r in written.ran.requests] == [r.source_line for r in alone.requests]
    assert written.ran.output == alone.output


def test_numbers_are_those_of_an_ordinary_run_around_a_read_that_waits(desk):
    (desk.root / ".env").write_text("KEY=1\n")
    written = desk.write("read_file('a.txt')\nread_file('.env')\nread_file('data.json')\n")

    assert written.titles == ["Read a.txt"]
    numbers = [(call.call_id.rpartition("/")[2], call.title) for call in written.ran.requests]
    assert numbers == [("1", "Read a.txt"), ("2", "Read .env"), ("3", "Read data.json")]


def test_gathered_reads_have_their_numbers_and_what_follows_has_the_next(desk):
    code = (
        "import asyncio\nboth = await asyncio.gather(read_file('a.txt'), read_file('data.json'))\n"
        "write_file('new.txt', both[0])\nprint(read_file('new.txt'), end='')\n"
    )
    written = desk.write(code)

    assert written.ran.output == "one\ntwo\nthree\n"
    assert [call.call_id.rpartition("/")[2] for call in written.ran.requests] == ["1", "2", "3", "4"]


def test_no_further_function_is_called_ahead(desk):
    desk.lab.portal.call(desk.lab.sandbox.set_extra, [weather_function()])
    try:
        written = desk.write("read_file('a.txt')\nsky = weather('Bern')\nread_file('data.json')\n")
    finally:
        desk.lab.portal.call(desk.lab.sandbox.set_extra, [])

    assert written.titles == ["Read a.txt"]
    titles = [call.title for call in written.ran.requests]
    assert titles == ["Read a.txt", "Weather of Bern", "Read data.json"]


def test_a_search_counts_as_long_as_the_files_that_it_names_are_unchanged(desk):
    code = "found = search('TODO', 'src/*.py')\nprint([(match.path, match.line) for match in found])\n"

    assert len(desk.write(code).ran.requests) == 1

    def change():
        (desk.root / "src/b.py").write_text("first = 1\n# TODO: second\n")

    written = desk.write(code + "# again\n", meanwhile=change)
    assert written.ran.output == "[('src/b.py', 2)]\n"
    assert [call.title for call in written.ran.requests] == ["Search for TODO in src/*.py"] * 2


@dataclass
class Typing(Watcher):
    """Changes a file as soon as the program prints."""

    path: object = None

    async def emit(self, event):
        await super().emit(event)
        if isinstance(event, Printed):
            self.path.write_text("typed\n")


def test_what_is_typed_while_a_program_computes_is_what_it_reads_then(desk):
    code = (
        "import time\nprint('now')\nuntil = time.monotonic() + "
        f"{FRESH_SECONDS + 0.3}\nwhile time.monotonic() < until:\n    x = 1\ntext = read_file('a.txt')\nprint(text)\n"
    )
    written = desk.write(code, watcher=Typing(path=desk.root / "a.txt"))

    assert written.titles == ["Read a.txt"]
    assert written.ran.output == "now\ntyped\n\n"


def test_a_program_that_becomes_another_one_is_not_run_in_part(desk):
    one, other = "x = read_file('a.txt')\n", "y = 1  # a longer one\nz = read_file('data.json')\nprint(y)\n"
    written = desk.write(one, states=[one, other], final=other)

    assert written.titles == ["Read a.txt"]
    assert [call.title for call in written.ran.requests] == ["Read a.txt", "Read data.json"]


def test_no_copy_is_made_for_what_only_prepares(desk):
    seen = []

    async def watched(sandbox):
        ahead = sandbox.read_ahead("t/x", Watcher(), PATIENT)
        ahead.written(
            "import os\nfrom pathlib import Path\n\nNAMES = ['a', 'b']\n\n\ndef double(x):\n    return 2 * x\n\nx"
        )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.run)
            await anyio.wait_all_tasks_blocked()
            seen.append(ahead._copy)
            await ahead.end()

    desk.lab.portal.call(watched, desk.lab.sandbox)
    assert seen == [None]


@pytest.mark.anyio
async def test_a_list_that_was_given_ahead_is_known_to_the_loop_over_it(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_text(f"text of {name}\n")
    remote, watcher = Remote(tmp_path.resolve()), Watcher()
    code = "names = list_files('*.txt')\nfor name in names:\n    print(read_file(name), end='')"
    async with Sandbox(remote, PATIENT) as sandbox:
        written = await write_and_run(sandbox, watcher, "t/1", code)

    assert written.titles == ["List *.txt"]
    assert written.ran.output == "".join(f"text of {name}\n" for name in NAMES)
    assert remote.most > 4


GATHERING = """import asyncio
print('begin')
text = read_file('a.txt')
one, two, _ = await asyncio.gather(read_file('b.txt'), read_file('a.txt'), run_command('echo ran >> ran.txt'))
print(len(text), len(one), len(two))
write_file('end.txt', one)
print('end')
"""


@pytest.mark.anyio
@pytest.mark.parametrize("index", [1, 2, 3, 4, 5])
async def test_a_program_goes_on_in_another_process_from_calls_that_were_made_early(tmp_path, index):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.txt").write_text("three\n")
    shelf, watcher = Shelf(), Watcher()
    async with Sandbox(LocalWorkspace(tmp_path), PATIENT) as sandbox:
        written = await write_and_run(sandbox, watcher, "t/1", GATHERING, keeper=shelf)
    assert written.titles[0] == "Read a.txt"
    assert written.ran.outcome.error is None
    (tmp_path / "ran.txt").unlink()
    (tmp_path / "end.txt").unlink()

    outcome, after, _ = await ended(tmp_path, shelf.paused(index))

    assert outcome.error is None, outcome.error
    assert outcome.output == "begin\n8 6 8\nend\n"
    assert (tmp_path / "end.txt").read_text() == "three\n"
    shown = {call.call_id: call.title for call in written.early if isinstance(call, CallRequested)}
    again = {call.call_id: call.title for call in after.of(CallRequested)}
    assert all(again[one] == shown[one] for one in again.keys() & shown.keys())
    assert [title for title in again.values() if title.startswith("Create")] == ["Create end.txt"]
