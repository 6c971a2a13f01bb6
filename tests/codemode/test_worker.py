"""A worker is waited for in a thread: nobody else waits with it, and a process may end at any time."""

import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager, closing
from itertools import pairwise

import anyio
import anyio.lowlevel
import pytest
from pydantic_monty import Monty, MontyComplete, MontyError

from punie_acp.codemode.checker import Checker
from punie_acp.codemode.events import CallFinished, ProgramFinished, ProgramLimits
from punie_acp.codemode.guard import Guard
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.codemode.worker import Worker, WorkerKilledError
from punie_acp.workspace.local import LocalWorkspace
from tests.agent_process import alive
from tests.codemode.conftest import Watcher

pytestmark = pytest.mark.anyio

BUSY = "while True:\n    pass"
MANY_CALLS = 'while True:\n    read_file("a.txt")'
LIMITS = ProgramLimits(seconds=30.0, calls=1_000_000)


class InMemory(LocalWorkspace):
    """A workspace whose reads never wait for anything."""

    async def read_text(self, path):
        return "one\n"


@asynccontextmanager
async def opened_worker():
    with closing(Guard()) as guard, Monty() as pool:
        worker = Worker(pool.checkout(), guard)
        await worker.open()
        try:
            yield worker
        finally:
            await worker.close()


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "monty"]


async def ended(condition):
    with anyio.fail_after(2):
        while not condition():  # noqa: ASYNC110 - a thread ends without an event
            await anyio.sleep(0.01)


async def pauses_of_the_loop(scope):
    """How long a task that only wants to go on had to wait for it, each time, until `scope` was cancelled."""
    pauses = []
    with scope:
        while True:
            before = time.monotonic()
            await anyio.lowlevel.checkpoint()
            pauses.append(time.monotonic() - before)
    return pauses


async def test_a_turn_gives_what_it_gives_or_raises(tmp_path):
    async with opened_worker() as worker:
        complete = await worker.run(lambda: worker.monty.feed_start("6 * 7"))
        assert isinstance(complete, MontyComplete)
        assert complete.output == 42
        with pytest.raises(MontyError, match="ZeroDivisionError"):
            await worker.run(lambda: worker.monty.feed_start("1 / 0"))
        assert len(threads()) == 1
    await ended(lambda: not threads())


async def test_a_turn_that_takes_too_long_ends_with_its_worker():
    async with opened_worker() as worker:
        pid, began = worker.pid, time.monotonic()
        with pytest.raises(WorkerKilledError):
            await worker.run(lambda: worker.monty.feed_run(BUSY), seconds=0.2)
        assert 0.2 <= time.monotonic() - began < 1.0
        assert not alive({pid})
    await ended(lambda: not threads())


async def test_a_turn_goes_on_only_while_it_may():
    heard = []

    async def meanwhile():
        heard.append(time.monotonic())
        return len(heard) < 4

    async with opened_worker() as worker:
        with pytest.raises(WorkerKilledError):
            await worker.run(lambda: worker.monty.feed_run(BUSY), 10.0, meanwhile)
    assert len(heard) == 4
    assert max(after - before for before, after in pairwise(heard)) < 0.5


async def test_a_cancelled_turn_ends_with_its_worker():
    async with opened_worker() as worker:
        pid, began = worker.pid, time.monotonic()
        with anyio.move_on_after(0.2) as scope:
            await worker.run(lambda: worker.monty.feed_run(BUSY))
        assert scope.cancelled_caught
        assert time.monotonic() - began < 1.0
        assert not alive({pid})
    await ended(lambda: not threads())


async def test_after_a_cancelled_check_others_are_made():
    long = "\n".join(f"x{number} = [{number}] * {number}" for number in range(20_000))
    with closing(Guard()) as guard, Monty() as pool:
        checker = Checker(pool, guard)
        await checker.open()
        with anyio.move_on_after(0.1) as scope:
            await checker.check(long)
        assert scope.cancelled_caught
        problem = await checker.check("undefined_name + 1")
        assert problem is not None
        assert "undefined_name" in problem.message
        await checker.close()
    await ended(lambda: not threads())


async def test_a_checkout_that_is_cancelled_leaves_its_place_to_others():
    with closing(Guard()) as guard, Monty(max_processes=1) as pool:
        for _ in range(3):
            with anyio.CancelScope() as scope:
                scope.cancel()
                await Worker(pool.checkout(), guard).open()
            assert scope.cancelled_caught
        worker = Worker(pool.checkout(), guard)
        await worker.open()
        assert await worker.run(lambda: worker.monty.feed_run("1 + 1")) == 2
        await worker.close()
    await ended(lambda: not threads())


@pytest.mark.parametrize("code", [MANY_CALLS, BUSY, f"read_file('a.txt')\n{BUSY}"])
async def test_nobody_else_waits_for_a_program(tmp_path, code):
    """Neither for one that makes call after call, each answered at once, nor for one that computes."""
    scope, stopped = anyio.CancelScope(), anyio.CancelScope()
    (tmp_path / "a.txt").write_text("one\n")
    watcher = Watcher()
    async with Sandbox(InMemory(tmp_path.resolve()), LIMITS) as sandbox, anyio.create_task_group() as tasks:

        async def run():
            with stopped:
                await sandbox.run(code, program_id="p", observer=watcher)

        async def stop():
            await anyio.sleep(1.0)
            scope.cancel()
            stopped.cancel()

        tasks.start_soon(run)
        await anyio.sleep(0.2)
        tasks.start_soon(stop)
        pauses = await pauses_of_the_loop(scope)
        began = time.monotonic()
        await ended(lambda: watcher.of(ProgramFinished))
        assert time.monotonic() - began < 1.0
    assert watcher.events[-1].outcome.error.kind == "cancelled"
    assert len(pauses) > 50
    assert sorted(pauses)[-len(pauses) // 20] < 0.03  # the machine itself may stand still once
    if code == MANY_CALLS:
        assert len(watcher.of(CallFinished)) > 200


SCRIPT = """
import sys, threading, time
from pydantic_monty import Monty
from punie_acp.codemode.guard import Guard
import anyio
from punie_acp.codemode.worker import Worker

async def main(how):
    pool = Monty()
    pool.__enter__()
    worker = Worker(pool.checkout(), Guard())
    await worker.open()
    print(worker.pid, flush=True)
    if how == "idle":
        return
    if how == "closed":
        await worker.close()
        pool.__exit__(None, None, None)
        return
    worker.begin(lambda: worker.monty.feed_run("while True: pass"))  # nobody waits for it
    await anyio.sleep(0.2)
    if how == "killed":
        worker.kill()

anyio.run(main, sys.argv[1])
"""


@pytest.mark.parametrize("how", ["closed", "idle", "busy", "killed"])
def test_a_process_ends_at_once_and_in_peace_whatever_its_worker_does(how):
    for _ in range(3):
        began = time.monotonic()
        command = [sys.executable, "-c", SCRIPT, how]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert time.monotonic() - began < 10.0
        pid = int(done.stdout)
        until = time.monotonic() + 2
        while alive({pid}) and time.monotonic() < until:
            time.sleep(0.02)
        assert not alive({pid})
