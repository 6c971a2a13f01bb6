"""A program ends soon after its limit, the session goes on, and what earlier programs defined is still there."""

import re
import subprocess
import sys
import time

import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from punie_acp.codemode.events import (
    CallFinished,
    CallRequested,
    CallStarted,
    Decision,
    Printed,
    ProgramFinished,
    ProgramLimits,
)
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.workspace.local import LocalWorkspace
from punie_acp.workspace.outputs import Outputs
from tests.codemode.conftest import LIMITS, Lab, Watcher

BOMBS = {
    "endless loop": "while True:\n    pass",
    "loop that catches everything": "while True:\n  try:\n    while True: pass\n  except BaseException:\n    pass",
    "a number that never ends": "10 ** 10 ** 8",
    "loop that only waits": "import time\nwhile True:\n    time.sleep(0.05)",
    "a wait that is too long": "import asyncio\nawait asyncio.sleep(9)",
    "memory at once": 'x = "x" * 500_000_000',
    "memory bit by bit": 'x = []\nwhile True:\n    x.append("y" * 1000)',
    "print flood": 'while True:\n    print("flood" * 20)',
    "deep recursion": "def f(n):\n    return f(n + 1)\nf(0)",
    "a large value as result": '"x" * 50_000_000',
    "a large argument": 'write_file("a.txt", "x" * 50_000_000)',
    "a large error": 'raise ValueError("x" * 50_000_000)',
    "a large print": 'print("x" * 50_000_000)',
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_soon_and_the_session_goes_on(lab, name):
    lab.run("kept = 41")
    began = time.monotonic()
    ran = lab.run(BOMBS[name])
    assert ran.outcome.error.kind == "limit"
    assert time.monotonic() - began < 1.0 + 2.0
    assert lab.run("kept + 1").outcome.value == "42"


@pytest.mark.anyio
async def test_a_program_may_recurse_as_deep_as_in_cpython(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    code = "def f(n):\n    return 1 + f(n - 1) if n else len(read_file('a.txt'))\nf(900)"
    async with Sandbox(LocalWorkspace(tmp_path.resolve()), ProgramLimits()) as sandbox:
        outcome = await sandbox.run(code, program_id="p", observer=Watcher())
    assert (outcome.error, outcome.value) == (None, "901")


def test_a_variable_too_large_to_be_kept_is_lost_and_said_to_be(lab):
    lab.run("kept = 41")
    ran = lab.run('large = "x" * 50_000_000\nprint(len(large))')
    assert (ran.outcome.error, ran.output) == (None, "50000000\n")
    assert "is lost: it is too large to be kept" in ran.outcome.note
    assert "large" in lab.run("large").outcome.error.message
    assert lab.run("kept + 1").outcome.value == "42"


def test_more_calls_than_a_checkout_of_monty_may_suspend_by_itself(lab):
    (lab.root / "a").write_text("x")
    ran = lab.run("n = 0\nfor _ in range(1100):\n    n += len(read_file('a'))\nn", ProgramLimits(calls=2000))
    assert ran.outcome.value == "1100"


def test_a_process_that_has_run_programs_exits_in_peace(tmp_path):
    """One that exits right after the pool has closed is aborted now and then; see worker.py."""
    script = (
        "import sys; from pathlib import Path; import anyio\n"
        "from punie_acp.codemode.events import ProgramLimits\n"
        "from punie_acp.codemode.sandbox import Sandbox\n"
        "from punie_acp.workspace.local import LocalWorkspace\n"
        "from tests.codemode.conftest import Watcher\n"
        "async def main():\n"
        "    async with Sandbox(LocalWorkspace(Path(sys.argv[1]).resolve()), ProgramLimits()) as sandbox:\n"
        "        await sandbox.run('print(1)', program_id='p', observer=Watcher())\n"
        "anyio.run(main)\n"
    )
    codes = [subprocess.run([sys.executable, "-c", script, tmp_path], check=False).returncode for _ in range(5)]
    assert codes == [0] * 5


def test_output_over_the_limit_is_cut_in_the_middle_and_the_program_goes_on(lab):
    ran = lab.run('print("first")\nprint("x" * 6000)\nprint("last")\nwrite_file("after.txt", "done")')
    assert ran.outcome.error is None
    assert ran.output == f"first\n{'x' * 2042}\n… (1916 bytes left out) …\n{'x' * 2042}\nlast\n"
    assert (lab.root / "after.txt").exists()


@pytest.fixture
def keeping_lab(tmp_path):
    """A sandbox that keeps what is too long to be told, beside its project."""
    (tmp_path / "project").mkdir()
    outputs = Outputs(tmp_path / "outputs")
    workspace = LocalWorkspace(tmp_path / "project", outputs=outputs)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Sandbox(workspace, LIMITS, outputs=outputs)) as sandbox,
    ):
        yield Lab(tmp_path / "project", portal, sandbox)


def kept_in(text):
    """The path that a cut text names, and whether all of it is there."""
    [(how, path)] = re.findall(r"bytes left out; (all of it|its beginning) is in (\S+)\) …", text)
    return path, how == "all of it"


def test_the_next_program_can_read_all_that_one_has_printed(keeping_lab):
    written = "".join(f"line {number} é\n" for number in range(1000))
    ran = keeping_lab.run("for number in range(1000):\n    print(f'line {number} é')")
    path, is_whole = kept_in(ran.output)
    assert is_whole
    assert len("".join(event.text for event in ran.watcher.of(Printed))) < 1.6 * 4096
    after = keeping_lab.run(f"text = read_file({path!r})\nprint(len(text), text.splitlines()[500])")
    assert after.output == f"{len(written)} line 500 é\n"
    assert keeping_lab.run(f"read_file({path!r}) == {written!r}").outcome.value == "True"
    assert len(list((keeping_lab.root.parent / "outputs").iterdir())) == 1  # what is short is not kept


def test_a_long_value_is_kept_whole_too(keeping_lab):
    value = keeping_lab.run("'begin ' + 'x' * 9000 + ' end'").outcome.value
    assert (value[:8], value[-6:]) == ("'begin x", "x end'")
    path, is_whole = kept_in(value)
    assert is_whole
    assert keeping_lab.run(f"len(read_file({path!r}))").outcome.value == "9012"


def test_of_a_flood_the_beginning_is_kept(keeping_lab):
    ran = keeping_lab.run('print("first")\nwhile True:\n    print("flood" * 20)')
    assert ran.outcome.error.kind == "limit"
    path, is_whole = kept_in(ran.output)
    assert not is_whole
    kept = keeping_lab.run(f"text = read_file({path!r})\nprint(text[:5], len(text) >= {16 * 4096})").output
    assert kept == "first True\n"


def test_what_a_cancelled_program_has_printed_is_kept(keeping_lab):
    watcher = stop(keeping_lab, 'print("x" * 9000)\nrun_command("sleep 30")', "command")
    path, is_whole = kept_in(watcher.of(ProgramFinished)[0].outcome.output)
    assert is_whole
    assert keeping_lab.run(f"len(read_file({path!r}))").outcome.value == "9001"


@pytest.mark.parametrize("count", [3000, 5000, 9000])
def test_the_user_sees_the_beginning_at_once_and_the_end_of_an_output_over_the_limit(lab, count):
    ran = lab.run(f'for n in range({count}):\n    print("é", end="")\nread_file("a.txt")\nprint("last")')
    printed = "".join(event.text for event in ran.watcher.of(Printed))
    written = "é" * count + "last\n"
    beginning = "é" * min(2048, count)
    assert printed.startswith(beginning)
    assert printed.endswith("élast\n")
    assert (printed == written) == (len(written.encode()) <= 1.5 * 4096)
    assert len(printed.encode()) <= 1.5 * 4096 + 60
    assert ran.output.endswith("élast\n")
    assert len(ran.output.encode()) <= 4096 + 60


def test_limits_can_be_given_with_a_program(lab):
    lab.run("kept = 7")
    began = time.monotonic()
    assert lab.run("while True: pass", ProgramLimits(seconds=0.2)).outcome.error.kind == "limit"
    assert time.monotonic() - began < 0.2 + 2.0
    assert lab.run("import time\nt = time.time()\nwhile time.time() < t + 0.4: pass\nkept").outcome.value == "7"


def test_the_first_program_may_be_given_more_than_the_sandbox(tmp_path):
    async def run():
        async with Sandbox(LocalWorkspace(tmp_path.resolve()), ProgramLimits(memory_bytes=1_000_000)) as sandbox:
            more = ProgramLimits(memory_bytes=50_000_000)
            outcome = await sandbox.run("len('x' * 20_000_000)", program_id="p", observer=Watcher(), limits=more)
            assert outcome.value == "20000000"

    anyio.run(run)


def test_time_in_a_call_does_not_count(lab):
    assert lab.run('run_command("sleep 1.3").exit_code').outcome.value == "0"


def test_a_killed_worker_is_replaced(lab):
    import os
    import signal

    lab.run("kept = 1")

    def kill(call):
        os.kill(lab.sandbox._session._worker.pid, signal.SIGKILL)

    error = lab.run('read_file("a.txt")', refuse=kill).outcome.error
    assert error.kind == "crash"
    assert lab.run("kept").outcome.value == "1"


class Stopper(Watcher):
    """Cancels the program at a moment of its choice."""

    def __init__(self, scope, at):
        super().__init__()
        self.scope = scope
        self.at = at

    async def emit(self, event):
        await super().emit(event)
        if isinstance(event, CallStarted) and self.at == "command":
            self.scope.cancel()

    async def permit(self, call):
        if self.at == "permission":
            self.scope.cancel()
            await anyio.sleep_forever()
        return Decision(True)


def stop(lab, code, at, after=None):
    async def run():
        with anyio.CancelScope(deadline=anyio.current_time() + after if after else float("inf")) as scope:
            watcher = Stopper(scope, at)
            await lab.sandbox.run(code, program_id="c", observer=watcher)
        assert scope.cancelled_caught
        return watcher

    return lab.portal.call(run)


@pytest.mark.parametrize("at", ["permission", "command"])
def test_cancelling_in_a_call_ends_it_and_keeps_what_the_program_had(lab, at):
    began = time.monotonic()
    code = 'kept = 5\ntry:\n    run_command("sleep 30")\nfinally:\n    write_file("late.txt", "x")'
    watcher = stop(lab, code, at)
    assert time.monotonic() - began < 2
    assert [event.status for event in watcher.of(CallFinished)] == ["cancelled"]
    assert len(watcher.of(CallRequested)) == 1
    assert watcher.of(ProgramFinished)[0].outcome.error.kind == "cancelled"
    assert not (lab.root / "late.txt").exists()
    assert lab.run("kept").outcome.value == "5"


def test_cancelling_a_busy_program_keeps_what_earlier_programs_had(lab):
    lab.run("kept = 6")
    watcher = stop(lab, "lost = 1\nwhile True: pass", "loop", after=0.2)
    assert isinstance(watcher.events[-1], ProgramFinished)
    assert lab.run("kept").outcome.value == "6"
    assert lab.run("lost").outcome.error.kind == "type"


def test_output_comes_while_the_program_runs(lab):
    ran = lab.run(
        "import time\nfor i in range(3):\n    print(i)\n    t = time.time()\n    while time.time() < t + 0.12: pass"
    )
    assert (ran.output, ran.outcome.error) == ("0\n1\n2\n", None)
    assert len(ran.watcher.of(Printed)) >= 3
