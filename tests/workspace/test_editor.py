"""The workspace through an editor: unsaved buffers, stale buffers, and terminals that always end."""

from __future__ import annotations

import codecs
import time

import anyio
import pytest

from punie_acp.workspace.base import CommandProgress, NotTextError
from punie_acp.workspace.editor import EditorWorkspace
from tests.fakes import ClientError, FakeClient

pytestmark = pytest.mark.anyio


@pytest.fixture
def client():
    client = FakeClient()
    yield client
    for terminal in client.terminals.values():
        terminal.close()


@pytest.fixture
def editor(workspace, client):
    return EditorWorkspace(workspace, client, "s1", FakeClient.capabilities)


async def ignore(_: CommandProgress) -> None:
    pass


def run(editor, command, timeout=10.0, on_progress=ignore, **more):
    return editor.run_command(command, cwd=editor.root, timeout=timeout, on_progress=on_progress, **more)


async def test_an_unsaved_buffer_counts(project, client, editor):
    (project / "a.py").write_text("saved\n")
    client.type(project / "a.py", "unsaved\r\n")
    client.type(project / "new.py", "not on disk\n")
    assert await editor.read_text(project / "a.py") == "unsaved\n"
    assert await editor.read_text(project / "new.py") == "not on disk\n"
    assert await editor.read_bytes(project / "a.py") == b"saved\n"
    assert client.calls[0] == ("fs/read_text_file", {"sessionId": "s1", "path": str(project / "a.py")})


@pytest.mark.parametrize("capabilities", [{}, {"fs": None}, {"fs": {"readTextFile": 1}, "terminal": False}])
async def test_what_is_not_offered_happens_here(project, client, workspace, capabilities):
    editor = EditorWorkspace(workspace, client, "s1", capabilities)
    await editor.write_text(project / "a.py", "x")
    assert await editor.read_text(project / "a.py") == "x"
    assert (await run(editor, "cat a.py")).stdout == "x"
    assert client.calls == []


async def test_a_write_goes_through_the_editor_and_keeps_the_form_of_the_file(project, client, editor):
    script = project / "run.sh"
    script.write_bytes(codecs.BOM_UTF8 + b"a\r\nb\r\n")
    script.chmod(0o755)
    client.open(script)
    await editor.write_text(script, "a\nnew\nb\n")
    assert client.calls[-1][1]["content"] == "a\nnew\nb\n"
    assert client.buffers[str(script)] == "a\nnew\nb\n"
    assert script.read_bytes() == codecs.BOM_UTF8 + b"a\r\nnew\r\nb\r\n"
    assert script.stat().st_mode & 0o777 == 0o755
    assert await editor.read_text(script) == "a\nnew\nb\n"


async def test_a_write_that_the_editor_leaves_unsaved_is_read_back(project, client, editor):
    client.saves = False
    (project / "a.py").write_text("old")
    await run(editor, "printf changed > a.py")
    await editor.write_text(project / "a.py", "new")
    assert (project / "a.py").read_text() == "changed"
    assert await editor.read_text(project / "a.py") == "new"


async def test_a_new_file_gets_its_folders(project, editor):
    await editor.write_text(project / "a" / "b.py", "x\n")
    assert (project / "a" / "b.py").read_bytes() == b"x\n"


async def test_files_in_other_encodings_are_read_and_written_on_disk(project, client, editor):
    (project / "latin.txt").write_bytes(b"caf\xe9\r\n")
    assert await editor.read_text(project / "latin.txt") == "café\n"
    await editor.write_text(project / "latin.txt", "thé\n")
    assert (project / "latin.txt").read_bytes() == b"th\xe9\r\n"
    assert client.calls == []
    (project / "image").write_bytes(b"\0")
    with pytest.raises(NotTextError):
        await editor.read_text(project / "image")


async def test_the_editors_errors_become_ours(project, client, editor):
    with pytest.raises(FileNotFoundError, match=r"Resource not found: 'missing\.py'"):
        await editor.read_text(project / "missing.py")
    (project / "a.py").write_text("on disk")
    client.errors["fs/read_text_file"] = ClientError(-32002, "not in the index")
    assert await editor.read_text(project / "a.py") == "on disk"
    client.errors["fs/read_text_file"] = ClientError(-32603, "the user's rules forbid it")
    with pytest.raises(OSError, match="the user's rules forbid it"):
        await editor.read_text(project / "a.py")
    client.errors["fs/write_text_file"] = ClientError(-32603, "read-only window")
    with pytest.raises(OSError, match="read-only window"):
        await editor.write_text(project / "a.py", "changed")
    assert (project / "a.py").read_text() == "on disk"


async def test_what_a_command_wrote_is_read_although_the_buffer_is_old(project, client, editor):
    (project / "a.py").write_text("old\n")
    (project / "seen.py").write_text("old\n")
    for name in ("a.py", "seen.py"):
        client.open(project / name)
    assert await editor.read_text(project / "seen.py") == "old\n"
    await run(editor, "echo new > a.py; echo new > seen.py; echo moved > b; mv b c")
    for name in ("a.py", "seen.py"):
        assert await editor.read_text(project / name) == "new\n"
        assert await editor.read_text(project / name) == "new\n"
    client.type(project / "a.py", "typed since\n")
    assert await editor.read_text(project / "a.py") == "typed since\n"


async def test_an_unsaved_buffer_still_counts_after_a_command_that_left_its_file_alone(project, client, editor):
    (project / "a.py").write_text("saved\n")
    client.type(project / "a.py", "unsaved\n")
    await anyio.sleep(0.05)
    await run(editor, "echo other > b.py")
    assert await editor.read_text(project / "a.py") == "unsaved\n"


async def test_once_the_editor_has_reloaded_its_buffer_counts_again(project, client, editor):
    (project / "a.py").write_text("old\n")
    client.open(project / "a.py")
    await run(editor, "echo new > a.py")
    assert await editor.read_text(project / "a.py") == "new\n"
    client.open(project / "a.py")
    assert await editor.read_text(project / "a.py") == "new\n"
    client.type(project / "a.py", "old\n")  # the user takes the change back, and does not save
    assert await editor.read_text(project / "a.py") == "old\n"


async def test_a_deleted_or_moved_file_is_gone_whatever_the_editor_still_shows(project, client, editor):
    for name in ("a.py", "b.py", "c.py"):
        (project / name).write_text(name)
        client.open(project / name)
    await anyio.sleep(0.05)
    await run(editor, "rm a.py")
    await editor.delete(project / "b.py")
    await editor.rename(project / "c.py", project / "d.py")
    for name in ("a.py", "b.py", "c.py"):
        with pytest.raises(FileNotFoundError, match=name):
            await editor.read_text(project / name)
    assert await editor.read_text(project / "d.py") == "c.py"


async def test_a_command_runs_in_a_terminal_of_the_editor(project, client, editor):
    seen = []

    async def note(progress: CommandProgress) -> None:
        seen.append((progress.terminal_id, client.methods()))

    result = await run(editor, "echo $PAGER $MORE; echo err >&2; exit 4", env={"MORE": "x y"}, on_progress=note)
    assert (result.exit_code, result.stdout, result.timed_out) == (4, "cat x y\nerr\n", False)
    assert seen == [("term-1", ["terminal/create"])]
    assert client.methods()[1:] == ["terminal/wait_for_exit", "terminal/output", "terminal/release"]
    params = client.calls[0][1]
    assert (params["sessionId"], params["command"], params["args"][0]) == ("s1", "/bin/sh", "-c")
    assert params["cwd"] == str(project)


async def test_a_command_with_input_runs_here(client, editor):
    assert (await run(editor, "cat", stdin="given")).stdout == "given"
    assert client.calls == []


async def test_a_program_that_the_editor_cannot_start_is_an_error(client, editor):
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        await run(editor, ["no-such-program"])
    client.errors["terminal/create"] = ClientError(-32603, "no terminals today")
    with pytest.raises(OSError, match="no terminals today"):
        await run(editor, "true")


async def test_in_a_terminal_too_the_time_is_limited(client, editor):
    result = await run(editor, "echo before; sleep 60", timeout=0.3)
    assert (result.timed_out, result.stdout, result.signal) == (True, "before\n", "SIGKILL")
    assert client.methods()[-1] == "terminal/release"
    assert client.terminals["term-1"].released


@pytest.mark.parametrize("silent", [set(), {"terminal/kill"}, {"terminal/kill", "terminal/release"}])
async def test_cancelling_kills_and_releases_within_a_second(client, editor, silent):
    client.silent = silent
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, editor, "sleep 60")
        while "terminal/wait_for_exit" not in client.methods():  # noqa: ASYNC110 - the fake has no event for it
            await anyio.sleep(0.01)
        start = time.monotonic()
        tasks.cancel_scope.cancel()
    assert time.monotonic() - start < 1.5
    assert client.methods()[-2:] == ["terminal/kill", "terminal/release"]
    assert client.terminals["term-1"].released is ("terminal/release" not in silent)


async def test_a_terminal_that_is_created_after_the_cancel_is_released(client, editor):
    client.create_seconds = 0.3
    with anyio.move_on_after(0.05):
        await run(editor, "sleep 60")
    assert client.terminals["term-1"].released


async def test_an_editor_that_never_creates_the_terminal_holds_up_a_cancel_for_a_second_at_most(client, editor):
    client.silent = {"terminal/create"}
    start = time.monotonic()
    with anyio.move_on_after(0.05):
        await run(editor, "true")
    assert time.monotonic() - start < 1.5
