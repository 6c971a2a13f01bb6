"""Checkpoints: what a turn did is shown and undone, on real files; nothing of anybody else's is overwritten."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
import stat
import subprocess
from typing import TYPE_CHECKING

import anyio
import pytest

from punie_acp.workspace.checkpoints import Checkpoints, Limits, NothingToUndoError
from punie_acp.workspace.checkpoints.recorder import database_file
from punie_acp.workspace.editor import EditorWorkspace
from punie_acp.workspace.local import LocalWorkspace
from punie_acp.workspace.recording import RecordingWorkspace
from tests.fakes import FakeClient

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def ignore_progress(_: object) -> None: ...


class Session:
    """A session of one project: turns by their number, each a few changes."""

    def __init__(self, root: Path, folder: Path, inner=None, **how) -> None:
        self.checkpoints = Checkpoints(root, folder, **how)
        self.workspace = RecordingWorkspace(inner or LocalWorkspace(root), self.checkpoints)

    def turn(self, number: int) -> RecordingWorkspace:
        self.checkpoints.begin(f"t{number}")
        return self.workspace

    async def run(self, command: str) -> None:
        result = await self.workspace.run_command(
            command, cwd=self.workspace.root, timeout=20, on_progress=ignore_progress
        )
        assert result.exit_code == 0, result.stderr


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "checkpoints"


@pytest.fixture
def session(project, folder):
    made = Session(project, folder)
    yield made
    made.checkpoints.close()


def tree(root: Path) -> dict[str, object]:
    """All that can be told of the files below `root`, times left out."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        if ".git" in path.parts:
            continue
        name, mode = str(path.relative_to(root)), stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", mode)
        else:
            found[name] = ("file", mode, path.read_bytes())
    return found


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def busy(project):
    """A project with a bit of everything."""
    (project / "src").mkdir()
    (project / "src" / "a.py").write_text("one\ntwo\nthree\n")
    (project / "windows.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    (project / "run.sh").write_text("#!/bin/sh\necho hi\n")
    (project / "run.sh").chmod(0o755)
    (project / "picture.bin").write_bytes(bytes(range(256)))
    (project / "link").symlink_to("src/a.py")
    (project / "empty").mkdir()
    (project / ".gitignore").write_text("build/\n*.log\n")
    return project


async def test_what_a_program_wrote_is_undone_byte_for_byte(busy, session):
    before = tree(busy)
    work = session.turn(1)
    await work.write_text(busy / "src" / "a.py", "one\n2\nthree\n")
    await work.write_text(busy / "windows.txt", "one\nzwei\n")
    await work.write_bytes(busy / "picture.bin", b"")
    await work.write_text(busy / "new" / "deep" / "b.py", "new\n")
    await work.delete(busy / "run.sh")
    await work.delete(busy / "link")
    await work.delete(busy / "empty")
    await work.rename(busy / "src", busy / "lib")
    assert tree(busy) != before

    report = await work.undo()

    assert tree(busy) == before
    assert (report.turn, report.undo, report.conflicts) == ("t1", "u1", ())


async def test_what_commands_did_is_undone_byte_for_byte(busy, session):
    before = tree(busy)
    session.turn(1)
    await session.run("sed -i s/two/2/ src/a.py && rm run.sh link && chmod 600 windows.txt && rmdir empty")
    await session.run("mkdir -p gen/deep && echo x > gen/deep/x && mv picture.bin gen && ln -s gen link && mv src lib")

    report = await session.workspace.undo()

    assert tree(busy) == before
    assert report.conflicts == ()


async def test_writes_and_commands_of_one_turn_are_undone_together(busy, session):
    before = tree(busy)
    work = session.turn(1)
    await work.write_text(busy / "src" / "a.py", "written\n")
    await session.run("echo appended >> src/a.py; echo 1 > made.txt")
    await work.write_text(busy / "made.txt", "2\n")

    await work.undo()

    assert tree(busy) == before


async def test_an_undo_can_be_undone(busy, session):
    session.turn(1)
    await session.run("echo changed > src/a.py; chmod 700 src/a.py; mkdir gen; echo x > gen/x; rm run.sh link")
    after = tree(busy)

    undone = await session.workspace.undo()
    assert tree(busy) != after
    await session.workspace.undo(undone.undo)

    assert tree(busy) == after
    again = await session.workspace.undo()
    assert again.turn == "t1"


async def test_undo_goes_back_turn_by_turn(project, session):
    file = project / "a.txt"
    file.write_text("0")
    for number in (1, 2, 3):
        await session.turn(number).write_text(file, str(number))

    seen = []
    for _ in range(3):
        await session.workspace.undo()
        seen.append(file.read_text())

    assert seen == ["2", "1", "0"]
    with pytest.raises(NothingToUndoError, match="nothing to undo"):
        await session.workspace.undo()


async def test_what_somebody_changed_since_is_left_alone_and_said(project, session):
    work = session.turn(1)
    for name in ("mine.txt", "theirs.txt", "gone.txt"):
        await work.write_text(project / name, "by the turn\n")
    (project / "theirs.txt").write_text("by the user\n")
    (project / "gone.txt").unlink()

    report = await work.undo()

    assert (project / "theirs.txt").read_text() == "by the user\n"
    assert not (project / "mine.txt").exists()
    assert [(one.path.name, one.reason) for one in report.conflicts] == [("theirs.txt", "was changed since")]


async def test_a_file_that_the_user_changed_within_the_turn_is_left_alone(project, session):
    file = project / "a.txt"
    file.write_text("first\n")
    work = session.turn(1)
    await work.write_text(file, "second\n")
    file.write_text("the user's\n")
    await session.run("echo more >> a.txt")

    report = await work.undo()

    assert file.read_text() == "the user's\nmore\n"
    assert "somebody else" in report.conflicts[0].reason


async def test_what_the_user_changes_between_two_commands_is_not_the_turns(project, session):
    (project / "a.txt").write_text("a\n")
    (project / "b.txt").write_text("b\n")
    session.turn(1)
    await session.run("echo 1 >> a.txt")
    (project / "b.txt").write_text("the user's\n")
    await session.run("echo 2 >> a.txt")

    assert [change.path.name for change in session.checkpoints.changes("t1")] == ["a.txt"]
    await session.workspace.undo()
    assert (project / "b.txt").read_text() == "the user's\n"


async def test_a_turn_under_a_later_one_says_which_to_undo_first(project, session):
    file = project / "a.txt"
    await session.turn(1).write_text(file, "1")
    await session.turn(2).write_text(file, "2")

    report = await session.workspace.undo("t1")

    assert file.read_text() == "2"
    assert "turn t2" in report.conflicts[0].reason


async def test_the_changes_of_a_turn_are_shown_as_diffs(busy, session):
    work = session.turn(1)
    await work.write_text(busy / "src" / "a.py", "one\n2\nthree\n")
    await session.run("rm windows.txt; chmod 644 run.sh; echo x > new.txt; printf '\\0' > picture.bin; mv link other")

    changes = {change.path.name: change for change in session.checkpoints.changes("t1")}

    assert changes["a.py"].diff == "--- a/src/a.py\n+++ b/src/a.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three"
    assert changes["new.txt"].diff == "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+x"
    assert changes["windows.txt"].kind == "deleted"
    assert "-two" in changes["windows.txt"].diff
    assert changes["run.sh"].diff == "run.sh: mode 755 → 644"
    assert "not text" in changes["picture.bin"].diff
    assert changes["other"].diff == "other: nothing → link to src/a.py"


async def test_git_is_left_exactly_as_it_was(busy, session):
    git(busy, "init", "-q")
    git(busy, "add", "src")
    git(busy, "commit", "-q", "-m", "first")
    git(busy, "add", "run.sh")
    status, index = git(busy, "status", "--porcelain"), (busy / ".git" / "index").read_bytes()
    heads = git(busy, "for-each-ref"), git(busy, "count-objects")
    session.turn(1)
    await session.run("echo more >> src/a.py; rm run.sh; echo x > new.txt")
    await session.workspace.write_text(busy / "other.txt", "y\n")

    await session.workspace.undo()

    assert (busy / ".git" / "index").read_bytes() == index
    assert git(busy, "status", "--porcelain") == status
    assert (git(busy, "for-each-ref"), git(busy, "count-objects")) == heads


async def test_what_gitignore_hides_is_not_followed_but_what_a_program_writes_there_is(busy, session):
    (busy / "build").mkdir()
    (busy / "a.log").write_text("old\n")
    work = session.turn(1)
    await session.run("echo x > build/x; echo new > a.log")
    await work.write_text(busy / "build" / "y", "y\n")

    report = await work.undo()

    assert (busy / "a.log").read_text() == "new\n"
    assert [path.name for path in (busy / "build").iterdir()] == ["x"]
    assert [path.name for path in report.restored] == ["y"]


async def test_a_gitignore_that_a_command_writes_hides_and_shows_nothing_by_mistake(busy, session):
    (busy / "build").mkdir()
    (busy / "build" / "x").write_text("was hidden\n")
    await anyio.sleep(0.1)  # what is younger than the clock can tell would count as the command's
    session.turn(1)
    await session.run("true")
    await session.run("echo 'run.sh' > .gitignore")  # run.sh is hidden now, build/ is not any more

    changed = {change.path.name for change in session.checkpoints.changes("t1")}
    await session.workspace.undo()

    assert changed == {".gitignore"}
    assert (busy / "build" / "x").read_text() == "was hidden\n"
    assert (busy / "run.sh").exists()


async def test_the_next_session_undoes_what_an_earlier_process_did(busy, folder):
    before = tree(busy)
    first = Session(busy, folder, session="s1")
    first.turn(1)
    await first.run("echo changed > src/a.py; rm run.sh")
    first.checkpoints.close()

    second = Session(busy, folder, session="s1")
    report = await second.workspace.undo()
    second.checkpoints.close()

    assert tree(busy) == before
    assert report.turn == "t1"


async def test_files_that_did_not_change_are_not_read_again_by_the_next_session(project, folder):
    for number in range(5):
        (project / f"{number}.txt").write_text(f"content {number}")
    await anyio.sleep(0.05)  # from here on a change would show in the time stamps
    first = Session(project, folder, session="s1")
    first.turn(1)
    await first.run("true")
    first.checkpoints.close()
    with sqlite3.connect(database_file(project, folder)) as database:
        database.execute("DELETE FROM blobs")  # what is read is kept again
    database.close()

    second = Session(project, folder, session="s2")
    second.turn(1)
    await second.run("echo new > 3.txt")
    second.checkpoints.close()

    assert blobs(database_file(project, folder)) == {content_hash("new\n")}


async def test_limits_are_kept_and_told_once(project, folder):
    (project / "large.bin").write_bytes(b"x" * 2000)
    for number in range(30):
        (project / f"{number:02}.txt").write_text("x")
    session = Session(project, folder, limits=Limits(files=20, file_bytes=1000))
    session.turn(1)
    await session.run("echo y > 00.txt; echo y > large.bin; echo y > 29.txt; echo y > 000-first.txt")

    notices = session.workspace.take_notices()
    changed = {change.path.name for change in session.checkpoints.changes("t1")}
    report = await session.workspace.undo()

    assert "more than 20 files" in notices[0]
    assert session.workspace.take_notices() == []
    assert {"00.txt", "000-first.txt"} <= changed
    assert "29.txt" not in {path.name for path in report.restored}  # it came into sight or not, but was no new file
    assert (project / "29.txt").read_text() == "y\n"
    assert (project / "00.txt").read_text() == "x"
    session.checkpoints.close()


async def test_a_file_too_large_to_be_kept_is_a_conflict_and_not_lost(project, folder):
    (project / "large.bin").write_bytes(b"x" * 2000)
    session = Session(project, folder, limits=Limits(file_bytes=1000))
    session.turn(1)
    await session.run("echo y > large.bin")

    report = await session.workspace.undo()

    assert "not kept" in report.conflicts[0].reason
    assert (project / "large.bin").read_text() == "y\n"
    session.checkpoints.close()


class FullDisk(LocalWorkspace):
    """A disk on which nothing can be written to src/a.py, once it is full."""

    is_full = False

    async def write_bytes(self, path: Path, data: bytes) -> None:
        if self.is_full and path.name == "a.py":
            raise OSError(errno.ENOSPC, "No space left on device", "src/a.py")
        await super().write_bytes(path, data)


async def test_an_undo_that_fails_half_way_is_taken_back(busy, folder):
    disk = FullDisk(busy)
    session = Session(busy, folder, disk)
    session.turn(1)
    await session.run("echo changed > src/a.py; echo x > new.txt; rm -r empty run.sh link; mkdir gen; echo x > gen/x")
    after = tree(busy)
    disk.is_full = True

    with pytest.raises(OSError, match="No space left"):
        await session.workspace.undo()

    assert tree(busy) == after
    disk.is_full = False
    assert (await session.workspace.undo()).conflicts == ()
    assert (busy / "src" / "a.py").read_text() == "one\ntwo\nthree\n"
    session.checkpoints.close()


async def test_a_content_that_is_lost_is_said_and_the_rest_is_undone(busy, session, folder):
    session.turn(1)
    await session.run("echo changed > src/a.py; echo changed > run.sh")
    with sqlite3.connect(database_file(busy, folder)) as damaged:
        damaged.execute("DELETE FROM blobs WHERE hash = ?", (content_hash("one\ntwo\nthree\n"),))
    damaged.close()

    report = await session.workspace.undo()

    assert [(one.path.name, "not kept" in one.reason) for one in report.conflicts] == [("a.py", True)]
    assert (busy / "run.sh").read_text() == "#!/bin/sh\necho hi\n"


async def test_contents_of_a_forgotten_session_are_gone_and_those_of_others_stay(project, folder):
    file = project / "a.txt"
    for name in ("s1", "s2"):
        session = Session(project, folder, session=name)
        await session.turn(1).write_text(file, f"secret of {name}\n" * 50)
        session.checkpoints.close()
    database = database_file(project, folder)
    assert stat.S_IMODE(database.stat().st_mode) == 0o600

    Checkpoints.forget(project, folder, "s1")
    assert blobs(database) == {content_hash("secret of s1\n" * 50), content_hash("secret of s2\n" * 50)}
    Checkpoints.forget(project, folder, "s2")

    assert blobs(database) == set()
    assert database.stat().st_size < 100_000


def blobs(database: Path) -> set[str]:
    connection = sqlite3.connect(database)
    try:
        return {row[0] for row in connection.execute("SELECT hash FROM blobs")}
    finally:
        connection.close()


def content_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def test_the_file_of_a_newer_version_is_left_alone(project, folder):
    database = database_file(project, folder)
    folder.mkdir(parents=True)
    with sqlite3.connect(database) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    session = Session(project, folder)

    await session.turn(1).write_text(project / "a.txt", "a\n")

    assert (project / "a.txt").read_text() == "a\n"
    assert "newer punie-acp" in session.workspace.take_notices()[0]
    with sqlite3.connect(database) as newer:
        assert newer.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    newer.close()


async def test_where_nothing_can_be_kept_changes_take_place_and_the_user_is_told_once(project, tmp_path):
    (tmp_path / "file").write_text("in the way")
    session = Session(project, tmp_path / "file")
    work = session.turn(1)
    await work.write_text(project / "a.txt", "a\n")
    await session.run("echo b > b.txt")

    assert (project / "a.txt").read_text() == "a\n"
    assert (project / "b.txt").read_text() == "b\n"
    [notice] = work.take_notices()
    assert "cannot be undone" in notice


# With an editor.


@pytest.fixture
def editor():
    return FakeClient()


@pytest.fixture
def in_editor(project, folder, editor):
    inner = EditorWorkspace(LocalWorkspace(project), editor, "s", {"fs": FakeClient.capabilities["fs"]})
    made = Session(project, folder, inner)
    yield made
    made.checkpoints.close()


async def test_an_undo_goes_through_the_editor_that_has_the_file(project, editor, in_editor):
    file = project / "a.py"
    file.write_text("one\n")
    editor.open(file)
    await in_editor.turn(1).write_text(file, "two\n")
    editor.calls.clear()

    await in_editor.workspace.undo()

    assert editor.buffers[str(file)] == file.read_text() == "one\n"
    assert "fs/write_text_file" in editor.methods()


async def test_unsaved_changes_from_before_the_turn_come_back(project, editor, in_editor):
    file = project / "a.py"
    file.write_text("saved\n")
    editor.open(file)
    editor.type(file, "unsaved\n")
    await in_editor.turn(1).write_text(file, "by the turn\n")

    await in_editor.workspace.undo()

    assert editor.buffers[str(file)] == "unsaved\n"


async def test_unsaved_changes_from_after_the_turn_are_not_overwritten(project, editor, in_editor):
    file, other = project / "a.py", project / "b.py"
    work = in_editor.turn(1)
    for path in (file, other):
        path.write_text("one\n")
        editor.open(path)
        await work.write_text(path, "two\n")
    editor.type(file, "two\nand the user's\n")

    report = await work.undo()

    assert editor.buffers[str(file)] == "two\nand the user's\n"
    assert file.read_text() == "two\n"
    assert [one.path for one in report.conflicts] == [file]
    assert other.read_text() == "one\n"


async def test_unsaved_changes_in_a_file_that_a_command_rewrote_are_not_overwritten(project, editor, in_editor):
    file = project / "a.py"
    file.write_text("one\n")
    editor.open(file)
    editor.type(file, "one\nunsaved\n")
    in_editor.turn(1)
    await in_editor.run("echo two > a.py")

    report = await in_editor.workspace.undo()

    assert editor.buffers[str(file)] == "one\nunsaved\n"
    assert "unsaved" in report.conflicts[0].reason or "since" in report.conflicts[0].reason


async def test_line_ends_and_modes_survive_an_undo_through_the_editor(project, editor, in_editor):
    file = project / "a.bat"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    file.chmod(0o755)
    editor.open(file)
    work = in_editor.turn(1)
    await work.write_text(file, "other\n")
    await in_editor.run("printf 'x\\n' > a.bat")

    report = await work.undo()

    assert report.conflicts == ()
    assert file.read_bytes() == b"\xef\xbb\xbfone\r\ntwo\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o755
