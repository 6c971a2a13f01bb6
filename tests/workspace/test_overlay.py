"""An overlay shows what a real folder would, and lands all of it or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_acp.workspace.base import NotTextError, PathEscapeError
from punie_acp.workspace.checkpoints import Checkpoints
from punie_acp.workspace.local import LocalWorkspace
from punie_acp.workspace.overlay import ConflictError, OverlayWorkspace
from punie_acp.workspace.overlay.checkout import CheckoutError, Limits
from punie_acp.workspace.recording import RecordingWorkspace

pytestmark = pytest.mark.anyio

FILES = {"a": "one\n", "d/a": "two\r\nlines\r\n", "d/e/a": "TODO three\n", "b": "\ufeffmarked\n"}


def tree(root, *, ignore=()):
    """All paths below `root` with what is at them."""
    return {
        path.relative_to(root).as_posix(): None
        if path.is_dir() and not path.is_symlink()
        else (path.readlink() if path.is_symlink() else path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.name not in ignore
    }


def fill(root):
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, newline="")


def git(root, *words):
    """What git prints."""
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True).stdout


async def no_progress(_):
    pass


async def run(workspace, command, **how):
    how = {"cwd": workspace.root, "timeout": 30, **how}
    return await workspace.run_command(command, on_progress=no_progress, **how)


@pytest.fixture
def overlay(project, workspace, tmp_path):
    fill(project)
    return OverlayWorkspace(workspace, tmp_path / "copies" / "one")


names = st.sampled_from(["a", "b", "d", "d/a", "d/e", "d/e/a", "n", "n/a", "d/n", "a/b"])
operations = st.one_of(
    st.tuples(st.just("write_text"), names, st.sampled_from(["", "new\n", "TODO x\nmore\n"])),
    st.tuples(st.just("write_bytes"), names, st.sampled_from([b"\0\1", b"plain\n"])),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("make_directory"), names, st.booleans(), st.booleans()),
)


async def perform(workspace, operation):
    """What an operation gives: None, or the error it raises."""
    name, first, *rest = operation
    path = workspace.root / first
    try:
        if name == "make_directory":
            await workspace.make_directory(path, parents=rest[0], exist_ok=rest[1])
        elif name == "rename":
            await workspace.rename(path, workspace.root / rest[0])
        else:
            await getattr(workspace, name)(path, *rest)
    except (OSError, NotTextError) as error:
        return OSError if name == "rename" else type(error)  # which of its errors comes first is the system's choice


async def seen(workspace):
    """All that a program can see of a workspace."""
    root = workspace.root
    shown = {}
    for path in await workspace.glob("**", root):
        stat = await workspace.stat(path)
        listing = await workspace.list_directory(path) if stat.kind == "directory" else None
        content = await workspace.read_bytes(path) if listing is None else None
        shown[workspace.display(path)] = (stat.kind, stat.mode if content else 0, listing, content)
    globs = [[workspace.display(path) for path in await workspace.glob(p, root)] for p in ("*", "d/**/a", "*/", "n/a")]
    return shown, globs, await workspace.list_directory(root), await workspace.search("TODO|new")


@settings(max_examples=60, deadline=None)
@given(st.lists(operations, max_size=12), st.integers(0, 12))
def test_an_overlay_is_like_a_real_folder_and_lands_as_one(tmp_path_factory, sequence, command_at):
    base = tmp_path_factory.mktemp("overlay").resolve()

    async def compare():
        for name in ("real", "project"):
            (base / name).mkdir()
            fill(base / name)
        real, inner = LocalWorkspace(base / "real"), LocalWorkspace(base / "project")
        overlay = OverlayWorkspace(inner, base / "copy")
        before = tree(base / "project")
        for number, operation in enumerate(sequence):
            assert await perform(overlay, operation) == await perform(real, operation)
            if number == command_at:
                script = "echo by command >> b 2>/dev/null; rm -rf d/e; mkdir -p m && echo x > m/x; exit 0"
                await run(overlay, script)
                await run(real, script)
            assert await seen(overlay) == await seen(real)
        assert tree(base / "project") == before
        await overlay.land()
        await overlay.close()
        assert tree(base / "project") == tree(base / "real")

    try:
        anyio.run(compare)
    finally:
        shutil.rmtree(base)


async def test_nothing_reaches_the_project_before_it_lands_and_some_of_it_can(overlay, project):
    before = tree(project)
    await overlay.write_text(project / "a", "changed\n")
    await overlay.write_text(project / "new/deep/x.py", "x = 1\n")
    await overlay.delete(project / "b")

    assert tree(project) == before
    assert [(c.path.relative_to(project).as_posix(), c.kind) for c in overlay.changes()] == [
        ("a", "changed"),
        ("b", "deleted"),
        ("new", "created"),
        ("new/deep", "created"),
        ("new/deep/x.py", "created"),
    ]
    await overlay.land([project / "new/deep/x.py"])

    assert tree(project) == before | {"new": None, "new/deep": None, "new/deep/x.py": b"x = 1\n"}


async def test_line_ends_marks_and_modes_stay(overlay, project):
    (project / "a").chmod(0o755)
    await overlay.write_text(project / "d/a", "two\nother\n")
    await overlay.write_text(project / "b", "still marked\n")
    await overlay.write_text(project / "a", "#!/bin/sh\n")
    await overlay.land()

    assert (project / "d/a").read_bytes() == b"two\r\nother\r\n"
    assert (project / "b").read_bytes() == b"\xef\xbb\xbfstill marked\n"
    assert (project / "a").stat().st_mode & 0o777 == 0o755


async def test_what_was_changed_outside_meanwhile_keeps_everything_from_landing(overlay, project):
    await overlay.write_text(project / "a", "ours\n")
    await overlay.write_text(project / "new", "ours\n")
    (project / "a").write_text("theirs\n")
    before = tree(project)

    with pytest.raises(ConflictError, match="nothing was written: a"):
        await overlay.land()
    assert tree(project) == before
    (project / "new").write_text("theirs too\n")
    with pytest.raises(ConflictError, match="a, new"):
        await overlay.land()


async def test_a_failure_on_the_way_is_taken_back(overlay, project):
    before = tree(project)
    for name in ("a", "d/a", "z/new"):
        await overlay.write_text(project / name, "ours\n")
    await overlay.delete(project / "b")
    await overlay.write_text(project / ("y" * 250) / "x", "ours\n")
    await overlay.write_text(project / "zz" / ("n" * 300), "a name that no disk takes\n")

    with pytest.raises(OSError, match="nnn"):
        await overlay.land()

    assert tree(project) == before


async def test_a_command_sees_the_overlay_and_its_changes_come_back(overlay, project):
    before = tree(project)
    await overlay.write_text(project / "a", "ours\n")
    result = await run(overlay, f"cat a; pwd; rm b; echo more >> {project}/d/a; ln -s a link; chmod +x a")

    assert result.stdout == f"ours\n{project}\n"
    assert tree(project) == before
    assert await overlay.stat(project / "b") is None
    assert await overlay.read_bytes(project / "d/a") == b"two\r\nlines\r\nmore\n"
    assert await overlay.read_text(project / "link") == "ours\n"
    await overlay.write_text(project / "a", "ours again\n")
    assert (await run(overlay, ["cat", "link"])).stdout == "ours again\n"
    await overlay.land()
    assert (project / "link").readlink().as_posix() == "a"
    assert os.access(project / "a", os.X_OK)
    assert not (project / "b").exists()


async def test_a_new_link_leads_to_what_the_project_has_and_not_out_of_it(overlay, project, tmp_path):
    await run(overlay, ["ln", "-s", "b", "link"])
    await run(overlay, ["ln", "-s", str(tmp_path / "elsewhere"), "out"])
    await run(overlay, ["ln", "-s", "round", "round"])

    assert await overlay.read_bytes(overlay.resolve("link")) == (project / "b").read_bytes()
    await overlay.write_text(overlay.resolve("link"), "by way of it\n")
    assert await overlay.read_text(project / "b") == "by way of it\n"
    with pytest.raises(PathEscapeError):
        overlay.resolve("out")
    with pytest.raises(OSError, match="symbolic links"):
        overlay.resolve("round")
    assert overlay.resolve("out", follow=False) == project / "out"


async def test_git_and_installed_packages_are_there_for_commands_and_caches_are_not(overlay, project):
    (project / ".gitignore").write_text(".venv/\ncache/\n")
    for name in (".venv/bin/tool", "cache/x"):
        (project / name).parent.mkdir(parents=True)
        (project / name).write_text("tool\n")
    for command in ("init -q", "add -A", "-c user.name=n -c user.email=e commit -qm first"):
        git(project, *command.split())
    await overlay.write_text(project / "a", "ours\n")

    assert (await run(overlay, "git status --porcelain")).stdout == " M a\n"
    await run(overlay, "git add a && git -c user.name=n -c user.email=e commit -qm second")
    assert (await run(overlay, "cat .venv/bin/tool; ls cache 2>&1 | grep -c x")).stdout == "tool\n0\n"
    assert git(project, "log", "--format=%s") == "first\n"
    assert [change.path.name for change in overlay.changes()] == ["a"]


async def test_a_write_into_linked_packages_waits_like_any_other(overlay, project):
    (project / ".venv").mkdir()
    (project / ".venv/x").write_text("theirs\n")
    await overlay.write_text(project / ".venv/x", "ours\n")

    await run(overlay, "true")

    assert (project / ".venv/x").read_text() == "theirs\n"
    assert await overlay.read_text(project / ".venv/x") == "ours\n"


async def test_a_project_that_is_too_large_to_copy_ends_the_dry_run_of_commands_only(project, workspace, tmp_path):
    fill(project)
    overlay = OverlayWorkspace(workspace, tmp_path / "copy", limits=Limits(files=3))

    with pytest.raises(CheckoutError, match="cannot run in review: the project has more than 3 files"):
        await run(overlay, "true")
    await overlay.write_text(project / "a", "ours\n")

    assert not (tmp_path / "copy").exists()
    assert await overlay.read_text(project / "a") == "ours\n"


async def test_a_command_s_change_of_a_file_that_changed_since_the_copy_is_a_conflict(overlay, project):
    await run(overlay, "true")
    (project / "a").write_text("theirs, later\n")
    await run(overlay, "echo more >> a")

    with pytest.raises(ConflictError, match="a"):
        await overlay.land()
    assert (project / "a").read_text() == "theirs, later\n"


async def test_what_lands_can_be_undone(project, workspace, tmp_path):
    fill(project)
    before = tree(project)
    recording = RecordingWorkspace(workspace, Checkpoints(project, tmp_path / "checkpoints", session="s"))
    recording.checkpoints.begin("t1")
    overlay = OverlayWorkspace(recording, tmp_path / "copy")
    await overlay.write_text(project / "n/new", "ours\n")
    await overlay.rename(project / "a", project / "moved")
    await overlay.land()
    assert tree(project) != before

    report = await recording.undo("t1")

    assert report.conflicts == ()
    assert tree(project) == before
    recording.checkpoints.close()


async def test_paths_outside_are_refused(overlay, tmp_path):
    with pytest.raises(PathEscapeError):
        await overlay.write_text(tmp_path / "x", "")
    with pytest.raises(PermissionError):
        await overlay.delete(overlay.root)
