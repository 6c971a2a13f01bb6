"""A worker that only passes work to and fro comes to the core of whoever waits for it. Nobody else has to be there."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from pydantic_monty import Monty

from punie_acp.codemode.events import CallRequested, Decision, ProgramLimits
from punie_acp.codemode.onecore import LIBRARY_THREAD, OneCore
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.workspace.local import LocalWorkspace

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a thread choose its core"),
]

ANYWHERE = os.sched_getaffinity(0) if sys.platform == "linux" else set()
several_cores = pytest.mark.skipif(len(ANYWHERE) < 2, reason="this machine has one core only")

CALLS = "for _ in range({}):\n    read_file('a.txt')\n"
COMPUTES = "for _ in range(10**9):\n    pass\n"


class Looking:
    """Allows everything; notes where the threads of the workers are whenever a call is requested."""

    def __init__(self):
        self.seen = []

    async def emit(self, event):
        if isinstance(event, CallRequested):
            self.seen.append((os.sched_getaffinity(0), *cores_of_workers()))

    async def permit(self, _call):
        return Decision(allowed=True)


def workers():
    """The processes of Monty's workers that belong to this one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, parent = (folder / "comm").read_text().strip(), (folder / "stat").read_text().rpartition(")")[2]
            if name == "monty" and int(parent.split()[1]) == os.getpid():
                found.append(int(folder.name))
    return found


def cores_of_workers():
    return [cores for pid in workers() for cores in cores_of(pid)]


def cores_of(pid):
    with suppress(OSError):
        return [os.sched_getaffinity(int(one.name)) for one in Path(f"/proc/{pid}/task").iterdir()]
    return []


def test_the_library_has_threads_of_this_name():
    with Monty() as pool, pool.checkout() as session:
        session.feed_start("1")
        names = {(one / "comm").read_text().strip() for one in Path("/proc/self/task").iterdir()}
    assert LIBRARY_THREAD in names


@several_cores
async def test_many_calls_bring_the_worker_to_one_core_and_this_thread_stays_free(tmp_path):
    (tmp_path / "a.txt").write_text("one\n")
    looking = Looking()
    async with Sandbox(LocalWorkspace(tmp_path), ProgramLimits(calls=1000)) as sandbox:
        outcome = await sandbox.run(CALLS.format(300), program_id="p", observer=looking)
        assert outcome.error is None
        assert all(cores == ANYWHERE for cores in cores_of_workers())  # once it has ended
    assert all(mine == ANYWHERE for mine, *_ in looking.seen)
    together = [one for _, *others in looking.seen for one in others if len(one) == 1]
    assert len(together) > 100
    assert os.sched_getaffinity(0) == ANYWHERE


@several_cores
async def test_a_worker_that_computes_may_go_anywhere(tmp_path):
    (tmp_path / "a.txt").write_text("one\n")
    looking = Looking()
    during = []

    async def look_later():
        while len(looking.seen) < 300:  # noqa: ASYNC110 - that many events
            await anyio.sleep(0.01)
        await anyio.sleep(0.3)
        during.extend(cores_of_workers())

    async with Sandbox(LocalWorkspace(tmp_path), ProgramLimits(calls=1000, seconds=1.0)) as sandbox:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(look_later)
            outcome = await sandbox.run(CALLS.format(300) + COMPUTES, program_id="p", observer=looking)
        assert outcome.error is not None
        assert outcome.error.kind == "limit"
        assert during
        assert all(cores == ANYWHERE for cores in during)


@several_cores
def test_a_thread_that_has_ended_does_no_harm():
    core = OneCore.of(2**22 + 1, 2**22 + 1)  # no process has such a number
    assert core is not None
    with core:
        assert len(os.sched_getaffinity(0)) == 1
        assert core.together
    core.part()
    assert not core.together
    assert os.sched_getaffinity(0) == ANYWHERE


def test_on_one_core_there_is_nothing_to_choose(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert OneCore.of(os.getpid(), 0) is None


@several_cores
async def test_what_is_started_meanwhile_may_run_anywhere(tmp_path):
    (tmp_path / "a.txt").write_text("one\n")
    looking = Looking()
    async with Sandbox(LocalWorkspace(tmp_path), ProgramLimits(calls=1000)) as sandbox:
        code = CALLS.format(200) + "print(run_command('nproc').stdout)\n"
        outcome = await sandbox.run(code, program_id="p", observer=looking)
        assert outcome.output.strip() == str(len(ANYWHERE))
