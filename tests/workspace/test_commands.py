"""Local commands: their output, their end, and that nothing of them stays."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import psutil
import pytest

from punie_acp.codemode.planning import stderr_with_notes
from punie_acp.workspace import crowds, processes
from punie_acp.workspace.local import LocalWorkspace
from punie_acp.workspace.output import KeptOutput
from punie_acp.workspace.outputs import MAX_FILES, Outputs
from punie_acp.workspace.processes import Command, environment

if TYPE_CHECKING:
    from punie_acp.workspace.base import CommandProgress

pytestmark = pytest.mark.anyio


class Progress:
    """Takes note of what was reported, and when."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.times: list[float] = []

    async def __call__(self, progress: CommandProgress) -> None:
        self.texts.append(progress.output)
        self.times.append(time.monotonic())


@pytest.fixture
def run(workspace):
    async def run_command(command, timeout=10.0, on_progress=None, **more):
        cwd = more.pop("cwd", workspace.root)
        report = on_progress or Progress()
        return await workspace.run_command(command, cwd=cwd, timeout=timeout, on_progress=report, **more)

    return run_command


def lives(pid_file: Path) -> bool:
    """Whether the process whose number is in the file still runs (a zombie does not)."""
    try:
        return psutil.Process(int(pid_file.read_text())).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def eventually(condition) -> None:
    with anyio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - a process somewhere else changes it
            await anyio.sleep(0.01)


async def test_a_command_has_two_streams_and_an_exit_code(run):
    result = await run("echo out; echo err >&2; exit 3")
    assert (result.exit_code, result.signal, result.stdout, result.stderr) == (3, None, "out\n", "err\n")
    assert (result.timed_out, result.truncated) == (False, False)


async def test_a_sequence_is_run_without_a_shell(run):
    assert (await run(["printf", "%s|", "a b", "$HOME"])).stdout == "a b|$HOME|"
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        await run(["no-such-program"])
    assert (await run("no-such-program")).exit_code == 127


async def test_a_command_runs_where_it_is_told_to(run, project, workspace):
    (project / "sub").mkdir()
    assert (await run("pwd", cwd=project / "sub")).stdout == f"{project}/sub\n"
    with pytest.raises(FileNotFoundError, match="missing"):
        await run("pwd", cwd=project / "missing")
    with pytest.raises(PermissionError):
        await run("pwd", cwd=project.parent)


async def test_output_is_passed_on_while_the_command_runs(run):
    progress = Progress()
    result = await run("for i in 1 2 3; do echo $i; sleep 0.3; done", on_progress=progress)
    assert "".join(progress.texts) == result.stdout == "1\n2\n3\n"
    assert len(progress.texts) == 3
    assert progress.times[2] - progress.times[0] > 0.4


async def test_a_character_split_between_two_reads_stays_whole(run):
    progress = Progress()
    result = await run(r"printf '\303'; sleep 0.2; printf '\251\377'", on_progress=progress)
    assert result.stdout == "é�"
    assert "".join(progress.texts) == "é�"


async def test_endless_output_is_cut_in_the_middle_and_never_blocks(run):
    progress = Progress()
    result = await run("echo first; yes | head -c 30000000; echo last", on_progress=progress)
    assert result.exit_code == 0
    assert result.truncated
    assert result.stdout.startswith("first\ny\n")
    assert result.stdout.endswith("y\nlast\n")
    assert "28951435 characters left out" in result.stdout
    assert sum(map(len, progress.texts)) == 30_000_011  # who watches has seen all of it


async def test_a_slow_reader_of_progress_does_not_slow_the_command(run):
    async def slow(_: CommandProgress) -> None:
        await anyio.sleep(0.3)

    script = "import time; print('y' * 1_000_000); print(time.time(), file=__import__('sys').stderr)"
    result = await run([sys.executable, "-c", script], on_progress=slow)
    assert time.time() - float(result.stderr) > 0.2


async def test_input_is_given_or_closed(run):
    assert (await run("cat", stdin="héllo")).stdout == "héllo"
    assert (await run("cat; echo done")).stdout == "done\n"
    assert (await run("exit 0", stdin="x" * 1_000_000)).exit_code == 0


async def test_a_signal_is_named(run):
    result = await run("kill -USR1 $$")
    assert (result.exit_code, result.signal) == (None, "SIGUSR1")


async def test_after_its_time_a_command_ends_with_all_its_children(run, project):
    start = time.monotonic()
    result = await run("echo before; sleep 60 & echo $! > child; trap '' TERM; sleep 60; sleep 60", timeout=0.3)
    assert time.monotonic() - start < 2
    assert (result.timed_out, result.stdout) == (True, "before\n")
    await eventually(lambda: not lives(project / "child"))


async def test_a_command_may_tidy_up_when_its_time_is_over(run):
    result = await run("trap 'echo tidy; exit 7' TERM; sleep 60 & wait", timeout=0.3)
    assert (result.timed_out, result.stdout, result.exit_code) == (True, "tidy\n", 7)


async def test_what_a_command_leaves_in_the_background_ends_with_it(run, project):
    start = time.monotonic()
    result = await run("sleep 60 & echo $! > child; echo started")
    assert (result.exit_code, result.stdout) == (0, "started\n")
    assert time.monotonic() - start < 2
    await eventually(lambda: not lives(project / "child"))


async def test_a_command_that_starts_processes_without_end_is_stopped(project):
    """The bomb here is a small one: it ends by itself at two hundred."""
    bomb = "for i in $(seq 200); do sleep 60 & done; echo $! > last; wait"
    command = Command(bomb, project, timeout=60.0, env=environment(None), processes=50)
    result = await processes.run(command, Progress())
    assert (result.crowded, result.timed_out, result.signal) == (True, False, "SIGKILL")
    assert "processes without end" in stderr_with_notes(result)
    assert crowds.members(os.getsid(0)) > 0
    await eventually(lambda: not (project / "last").exists() or not lives(project / "last"))


shows_pipes = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux shows the pipes of a process")
needs_setsid = pytest.mark.skipif(shutil.which("setsid") is None, reason="there is no setsid here")


@needs_setsid
@pytest.mark.parametrize("ended_by", ["time", "crowd", "cancel"])
@pytest.mark.parametrize("silent", ["", pytest.param(" >/dev/null 2>&1", marks=shows_pipes)])
@pytest.mark.parametrize("emptied", ["", pytest.param("env -i ", marks=shows_pipes)])
async def test_what_has_left_the_session_of_a_command_that_is_ended_ends_too(project, ended_by, emptied, silent):
    """The bomb here is a small one: it ends by itself at a hundred."""
    first = f"({emptied}setsid sh -c 'echo $$ > stray; exec sleep 60{silent}' &);"  # its parent has ended
    more = f"for i in $(seq 100); do {emptied}setsid sleep 60 & done;" if ended_by == "crowd" else ""
    seconds = 0.5 if ended_by == "time" else 60.0
    command = Command(f"{first} {more} wait; sleep 60", project, seconds, environment(None), processes=50)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(processes.run, command, Progress())
        await eventually(lambda: (project / "stray").exists() and (project / "stray").read_text().strip())
        if ended_by == "cancel":
            tasks.cancel_scope.cancel()
    await eventually(lambda: not lives(project / "stray"))


ALONE = """
import subprocess, sys
child = subprocess.Popen(["/bin/sleep", "60"], env={}, start_new_session=True, stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL)
print(child.pid, file=open("stray", "w"), flush=True)
child.wait()
"""


@pytest.mark.parametrize("ended_by", ["time", "cancel"])
async def test_what_has_nothing_of_a_command_but_its_parent_ends_too(project, ended_by):
    command = Command([sys.executable, "-c", ALONE], project, 1.0 if ended_by == "time" else 60.0, environment(None))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(processes.run, command, Progress())
        await eventually(lambda: (project / "stray").exists() and (project / "stray").read_text().strip())
        if ended_by == "cancel":
            tasks.cancel_scope.cancel()
    await eventually(lambda: not lives(project / "stray"))


@needs_setsid
async def test_what_a_command_has_put_into_the_background_for_good_stays(run, project):
    await run(
        "setsid sh -c 'echo $$ > stray; exec sleep 60' > /dev/null 2>&1 & while [ ! -s stray ]; do sleep 0.01; done"
    )
    stray = int((project / "stray").read_text())
    assert lives(project / "stray")
    os.kill(stray, 9)


async def test_cancelling_ends_the_whole_group(run, project):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, "echo $$ > leader; sleep 60 & echo $! > child; trap '' TERM; while :; do sleep 1; done")
        await eventually(lambda: (project / "child").exists() and (project / "child").read_text().strip())
        assert lives(project / "leader")
        start = time.monotonic()
        tasks.cancel_scope.cancel()
    assert time.monotonic() - start < 1.5
    await eventually(lambda: not lives(project / "leader"))
    await eventually(lambda: not lives(project / "child"))


async def test_a_cancel_at_any_moment_leaves_no_process(run):
    def left() -> list[str]:
        return [p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if "6173" in (p.info["cmdline"] or ())]

    for milliseconds in range(15):
        with anyio.move_on_after(milliseconds / 1000):
            await run("sleep 6173 & sleep 6173 & wait")
    await eventually(lambda: not left())


async def test_a_failing_observer_ends_the_command_with_its_own_error(run, project):
    async def fail(_: CommandProgress) -> None:
        raise ConnectionError("the client is gone")

    with pytest.raises(ConnectionError, match="the client is gone"):
        await run("echo $$ > leader; echo x; sleep 60", on_progress=fail)
    await eventually(lambda: not lives(project / "leader"))


async def test_no_descriptor_is_left_open(run):
    await run("true")
    before = psutil.Process().num_fds()
    for _ in range(5):
        await run("sleep 60 & echo x", timeout=5)
    await eventually(lambda: psutil.Process().num_fds() <= before)


async def test_the_environment_has_no_pager_no_colour_and_nothing_of_ours(run):
    inherited = {"PATH": "/bin", "PUNIE_MODEL": "x", "FORCE_COLOR": "1", "PAGER": "less", "LANG": "C.UTF-8"}
    made = environment({"EXTRA": "1"}, inherited)
    assert made.items() >= {"PATH": "/bin", "LANG": "C.UTF-8", "EXTRA": "1", "PAGER": "cat", "TERM": "dumb"}.items()
    assert not made.keys() & {"PUNIE_MODEL", "FORCE_COLOR"}
    assert (await run("echo $MINE $GIT_PAGER $TERM", env={"MINE": "yes"})).stdout == "yes cat dumb\n"


AGENT = """
import anyio, sys
from pathlib import Path
from punie_acp.codemode.planning import stderr_with_notes
from punie_acp.workspace import crowds, processes
from punie_acp.workspace.local import LocalWorkspace

async def main():
    workspace = LocalWorkspace(Path(sys.argv[1]))
    command = "echo $$ > leader; sleep 60 & sleep 0.1; echo $! > child; wait"
    await workspace.run_command(command, cwd=workspace.root, timeout=60, on_progress=lambda _: anyio.sleep(0))

anyio.run(main)
"""


async def test_when_the_agent_is_killed_its_commands_end_too(project):
    agent = subprocess.Popen([sys.executable, "-c", AGENT, str(project)])  # noqa: ASYNC220 - must be killed from here
    try:
        await eventually(lambda: (project / "child").exists() and (project / "child").read_text().strip())
    finally:
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    await eventually(lambda: not lives(project / "leader") and not lives(project / "child"))


def test_kept_output_says_exactly_how_much_is_missing():
    kept = KeptOutput(limit=10)
    assert kept.add(b"abcdefg") == "abcdefg"
    kept.add(b"hijkl")
    kept.add(b"mnopqrstuvwxyz")
    assert kept.text() == "abcde\n… 16 characters left out …\nvwxyz"
    assert kept.truncated


@pytest.fixture
def outputs(tmp_path):
    return Outputs(tmp_path / "outputs" / "s1")


async def test_a_long_output_is_whole_on_disk_and_can_be_read_by_its_path(project, outputs):
    keeping = LocalWorkspace(project, outputs=outputs)
    command = "seq 1 400000; echo short >&2"
    result = await keeping.run_command(command, cwd=project, timeout=20, on_progress=Progress())

    [path] = re.findall(r"characters left out; all of it is in (\S+) …", result.stdout)
    whole = await keeping.read_text(keeping.resolve(path))
    assert whole == "".join(f"{number}\n" for number in range(1, 400001))
    assert result.stdout.startswith(whole[:1000])
    assert result.stdout.endswith(whole[-1000:])
    assert result.stderr == "short\n"
    assert [file.stat().st_mode & 0o777 for file in outputs.folder.iterdir()] == [0o600]


async def test_a_kept_output_can_be_read_and_nothing_else(project, outputs):
    keeping = LocalWorkspace(project, outputs=outputs)
    await keeping.run_command("seq 1 400000", cwd=project, timeout=20, on_progress=Progress())
    [file] = outputs.folder.iterdir()

    assert keeping.resolve(str(file)) == file
    for change in (keeping.write_text(file, "x"), keeping.delete(file), keeping.rename(file, project / "x")):
        with pytest.raises(PermissionError):
            await change
    for outside in (file.parent.parent / "s2", project.parent / "other", f"{file.parent}/../x"):
        with pytest.raises(PermissionError):
            keeping.resolve(str(outside))


async def test_short_outputs_leave_no_file_and_old_ones_give_way(project, outputs):
    keeping = LocalWorkspace(project, outputs=outputs)
    await keeping.run_command("seq 1 1000", cwd=project, timeout=20, on_progress=Progress())
    assert not outputs.folder.exists()
    for number in range(MAX_FILES + 3):
        file = outputs.new("stdout")
        file.write(f"{number}")
        file.close()
    assert sorted(file.read_text() for file in outputs.folder.iterdir()) == sorted(map(str, range(3, MAX_FILES + 3)))
