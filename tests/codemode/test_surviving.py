"""A program that was kept goes on in another sandbox: with its names, its output, and the calls that ran beside it."""

import pytest

from punie_acp.codemode.events import CallRequested
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.codemode.surviving.evidence import has_happened
from punie_acp.codemode.surviving.going_on import GoingOn
from punie_acp.codemode.surviving.keeping import MOST_BYTES
from punie_acp.codemode.surviving.kept import PausedProgram, Unreadable
from punie_acp.workspace.local import LocalWorkspace
from punie_acp.workspace.outputs import Outputs
from tests.codemode.conftest import LIMITS, Watcher

pytestmark = pytest.mark.anyio


class Shelf:
    """A keeper of JSON, as a store is one; `at` remembers all that was kept when a call of this number paused."""

    seconds_between = 0.0

    def __init__(self):
        self.rows, self.program, self.forgotten = {}, None, []  # rows by the place of the call, from 1
        self.history = []

    def keep(self, program_id, call, dump=None, program=None):
        if program is not None:
            self.program = program.to_json()
        if dump is not None:
            self.rows = {number: (facts, state, None) for number, (facts, state, _) in self.rows.items()}
        kept = dump if dump is not None else self.rows.get(call.index, (None, None, None))[2]
        self.rows[call.index] = (call.to_json(), call.state, kept)
        self.history.append((call.index, call.state, list(self.rows.values())))

    def forget(self, program_id):
        self.forgotten.append(program_id)

    def paused(self, index, state="requested"):
        """The program as it was kept when this became the state of a call."""
        rows = next(rows for one, became, rows in self.history if (one, became) == (index, state))
        return PausedProgram.of(self.program, rows)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "b.txt").write_text("three\n")
    return tmp_path


async def begun(root, *programs):
    """What was kept of the last of `programs`, and how it ended."""
    shelf = Shelf()
    async with Sandbox(LocalWorkspace(root), LIMITS) as sandbox:
        for number, code in enumerate(programs):
            keeper = shelf if number == len(programs) - 1 else None
            outcome = await sandbox.run(code, program_id=f"t/{number}", observer=Watcher(), keeper=keeper)
    assert outcome.error is None, outcome.error
    return shelf, outcome


async def ended(root, paused, left_out=(), then=""):
    """How a paused program ends in another sandbox, who watched it, and what `then` gives after it."""
    watcher, shelf = Watcher(), Shelf()
    async with Sandbox(LocalWorkspace(root), LIMITS) as sandbox:
        outcome = await sandbox.go_on(GoingOn(paused, left_out), observer=watcher, keeper=shelf)
        after = await sandbox.run(then, program_id="t/after", observer=Watcher()) if then else None
    return outcome, watcher, after


async def test_it_goes_on_with_its_names_its_classes_and_its_output(root):
    shelf, undisturbed = await begun(
        root,
        "class Kept(Exception):\n    pass\nearlier = 5",
        "from dataclasses import dataclass\n"
        "@dataclass\nclass Point:\n    x: int\n"
        "print('begin', earlier)\n"
        "point = Point(len(read_file('a.txt')))\n"
        "with open('c.txt', 'w') as file:\n"
        "    file.write('kept\\n')\n"
        "    text = read_file('b.txt')\n"
        "    file.write(text)\n"
        "try:\n    raise Kept(text)\nexcept Kept as error:\n    print('end', error, point)",
    )
    for number, _, _ in shelf.history[:2]:
        (root / "c.txt").unlink(missing_ok=True)
        outcome, watcher, after = await ended(root, shelf.paused(number), then="print(point.x, text, earlier)")
        assert (outcome.output, outcome.error, outcome.calls) == (undisturbed.output, None, undisturbed.calls)
        assert (root / "c.txt").read_text() == "kept\nthree\n"
        assert after.output == "8 three\n 5\n"
        assert watcher.of(CallRequested)[-1].call_id == "t/1/3"


async def test_what_it_printed_before_and_after_is_kept_whole_where_it_is_long(root, tmp_path_factory):
    code = "print('x' * 5000)\nread_file('a.txt')\nprint('y' * 5000)\nread_file('b.txt')\nprint('end')"
    shelf, _ = await begun(root, code)
    outputs = Outputs(tmp_path_factory.mktemp("outputs"))
    async with Sandbox(LocalWorkspace(root, outputs=outputs), LIMITS, outputs=outputs) as sandbox:
        outcome = await sandbox.go_on(GoingOn(shelf.paused(2)), observer=Watcher())
    [file] = outputs.folder.iterdir()
    assert file.read_text() == f"{'x' * 5000}\n{'y' * 5000}\nend\n"
    assert f"all of it is in {file})" in outcome.output


async def test_files_that_it_leaves_open_are_closed_after_it_has_gone_on(root):
    code = "text = read_file('a.txt')\nprint('first')\nfile = open('left.txt', 'w')\nfile.write(text)\nprint('second')"
    shelf, undisturbed = await begun(root, code)
    assert [facts["number"] for facts, _, _ in shelf.rows.values()] == [0, 0]
    for index in (1, 2):
        (root / "left.txt").unlink()
        outcome, _, _ = await ended(root, shelf.paused(index))
        assert (outcome.output, outcome.error) == (undisturbed.output, None)
        assert (root / "left.txt").read_text() == "one\ntwo\n"


async def test_a_call_that_had_ended_is_not_made_again_and_one_left_out_raises(root):
    code = (
        "try:\n"
        "    done = run_command('echo ran >> ran.txt; echo out')\n"
        "    print(done.stdout, done.exit_code)\n"
        "except OSError as error:\n"
        "    print('left out:', error)"
    )
    shelf, undisturbed = await begun(root, code)
    [index] = shelf.rows
    outcome, watcher, _ = await ended(root, shelf.paused(index, "finished"))
    assert outcome.output == undisturbed.output == "out\n 0\n"
    assert watcher.of(CallRequested) == []
    assert (root / "ran.txt").read_text() == "ran\n"

    in_doubt = shelf.paused(index, "started")
    assert in_doubt.call.in_doubt
    assert in_doubt.call.command == "echo ran >> ran.txt; echo out"
    outcome, _, _ = await ended(root, in_doubt, left_out=[in_doubt.call.call_id])
    assert outcome.output.startswith("left out: the agent was ended while this ran")
    assert (root / "ran.txt").read_text() == "ran\n"

    outcome, _, _ = await ended(root, shelf.paused(index))  # it had not begun
    assert (root / "ran.txt").read_text() == "ran\nran\n"


async def test_calls_that_ran_beside_the_program_go_on_beside_it(root):
    code = (
        "import asyncio\n"
        "async def both():\n"
        "    return await asyncio.gather(read_file('a.txt'), run_command('echo beside'), read_file('b.txt'))\n"
        "first, second, third = await both()\n"
        "print(first, second.stdout, third)"
    )
    shelf, undisturbed = await begun(root, code)
    last = max(shelf.rows)
    paused = shelf.paused(last)
    assert [call.index for call in paused.pending] == sorted(shelf.rows)
    outcome, watcher, _ = await ended(root, paused)
    assert (outcome.output, outcome.error) == (undisturbed.output, None)
    assert len(watcher.of(CallRequested)) == 3


@pytest.mark.parametrize(
    "code",
    [
        "write_file('a.txt', 'new\\n')",
        "edit_file('a.txt', 'one', 'first')",
        "open('a.txt', 'a').write('three\\n')",
        "open('new.bin', 'wb').write(b'\\x00\\x01')",
        "open('a.txt', 'ab').write(b'more')",
        "os.mkdir('made')",
        "os.rename('a.txt', 'moved.txt')",
        "os.remove('b.txt')",
        "shutil.copy('a.txt', 'copied.txt')",
    ],
)
async def test_a_write_is_seen_to_have_happened_or_not(root, code):
    before = {path.name: path.read_bytes() for path in root.iterdir()}
    shelf, _ = await begun(root, f"import os, shutil\n{code}")
    call = shelf.paused(max(shelf.rows), "started").call
    workspace = LocalWorkspace(root)
    assert await has_happened(call, workspace) is True
    for path in root.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    for name, data in before.items():
        (root / name).write_bytes(data)
    assert await has_happened(call, workspace) is False


async def test_a_write_to_a_file_that_somebody_changed_is_in_doubt(root):
    shelf, _ = await begun(root, "write_file('a.txt', 'new\\n')")
    (root / "a.txt").write_text("somebody's\n")
    assert await has_happened(shelf.paused(max(shelf.rows), "started").call, LocalWorkspace(root)) is None


async def test_a_program_that_holds_too_much_is_not_kept(root):
    shelf, _ = await begun(root, f"held = 'x' * {MOST_BYTES}\nread_file('a.txt')\nread_file('b.txt')")
    assert shelf.forgotten == ["t/0"]
    assert shelf.rows == {}


async def test_a_read_soon_after_another_call_is_made_again(root):
    reads = "for number in range(5):\n    print(number, read_file('a.txt'))\n"
    code = f"{reads}write_file('c.txt', 'x')"
    shelf = Shelf()
    shelf.seconds_between = 3600.0
    async with Sandbox(LocalWorkspace(root), LIMITS) as sandbox:
        undisturbed = await sandbox.run(code, program_id="t/1", observer=Watcher(), keeper=shelf)
    assert [index for index, state, _ in shelf.history if state == "requested"] == [1, 6]
    for index, made in ((1, 6), (6, 1)):
        outcome, watcher, _ = await ended(root, shelf.paused(index))
        assert (outcome.output, outcome.calls) == (undisturbed.output, 6)
        assert [call.call_id for call in watcher.of(CallRequested)] == [f"t/1/{n}" for n in range(7 - made, 7)]


async def test_what_another_version_has_kept_is_refused(root):
    shelf, _ = await begun(root, "read_file('a.txt')")
    shelf.program["format"] = "0/0.1"
    with pytest.raises(Unreadable, match="another version"):
        shelf.paused(1)
    with pytest.raises(Unreadable, match="nothing was kept"):
        PausedProgram.of(shelf.program, [])
