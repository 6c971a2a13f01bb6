"""Nothing outside the session's folders can be named, however the path is written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punie_acp.workspace import disk
from punie_acp.workspace.base import PathEscapeError
from punie_acp.workspace.local import LocalWorkspace
from punie_acp.workspace.paths import Roots, open_folder


@pytest.mark.parametrize("path", ["..", "../x", "/", "/etc/passwd", "a/../../x", "missing/../../x", "/proc/self/root"])
def test_a_path_that_leads_out_is_refused(workspace, path):
    with pytest.raises(PathEscapeError, match="outside"):
        workspace.resolve(path)


def test_a_neighbour_whose_name_only_begins_alike_is_outside(project, workspace):
    (project.parent / "project-2").mkdir()
    with pytest.raises(PathEscapeError):
        workspace.resolve("../project-2/a")


def test_links_are_followed_before_the_decision(project, workspace, tmp_path):
    (tmp_path / "outside").mkdir()
    (project / "out").symlink_to(tmp_path / "outside")
    (project / "in").symlink_to(project)
    for path in ("out", "out/new.txt", "in/out/deep/er", "out/../x"):
        with pytest.raises(PathEscapeError):
            workspace.resolve(path)
    assert workspace.resolve("in/in/a.txt") == project / "a.txt"


def test_what_no_path_can_be_is_an_error_and_not_a_crash(project, workspace):
    (project / "loop").symlink_to(project / "loop")
    for path in ("", "a\0b", "\ud800", "loop", "loop/x", "n" * 300):
        with pytest.raises(OSError, match=r"empty|name|Too many|too long"):
            workspace.resolve(path)


def test_additional_folders_are_inside_and_shown_in_full(project, tmp_path):
    (tmp_path / "lib").mkdir()
    workspace = LocalWorkspace(project, [tmp_path / "lib", project])
    assert workspace.roots == (project, (tmp_path / "lib").resolve())
    inside = workspace.resolve("../lib/a.py")
    assert workspace.display(inside) == str(inside)
    assert workspace.display(workspace.resolve("src/./b.py")) == "src/b.py"


def test_a_link_in_the_last_place_can_be_kept(project, workspace, tmp_path):
    (project / "link").symlink_to(tmp_path)
    assert workspace.resolve("link", follow=False) == project / "link"
    assert workspace.resolve("src/..", follow=False) == project
    with pytest.raises(PathEscapeError):
        workspace.resolve("link/x", follow=False)


def test_a_root_must_be_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        LocalWorkspace(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        LocalWorkspace(tmp_path / "missing")


def test_a_folder_swapped_for_a_link_after_resolving_is_not_followed(project, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("secret")
    (project / "src").mkdir()
    roots = Roots(project)
    target = roots.resolve("src/a.txt")
    (project / "src").rmdir()
    (project / "src").symlink_to(outside)
    for effect in (disk.read_file, disk.delete, lambda r, p: disk.replace_file(r, p, b"changed")):
        with pytest.raises(OSError, match=r"src/a\.txt"):
            effect(roots, target)
    assert (outside / "a.txt").read_text() == "secret"


def test_a_path_that_was_never_resolved_leads_nowhere(project, tmp_path):
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(PathEscapeError):
        disk.read_file(Roots(project), project / ".." / "secret")


NAMES = st.sampled_from(["..", ".", "", "a", "b", "up", "out", "self", "file", "x" * 10])


@given(st.lists(NAMES, max_size=8), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_whatever_is_resolved_lies_inside_and_can_be_opened_without_a_link(names, absolute, follow):
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder).resolve()
        project = base / "project"
        (project / "a" / "b").mkdir(parents=True)
        (project / "a" / "file").touch()
        (project / "a" / "up").symlink_to("..")
        (project / "out").symlink_to(base)
        (project / "self").symlink_to("self")
        roots = Roots(project)
        path = "/".join([str(project) if absolute else ".", *names])
        try:
            resolved = roots.resolve(path, follow=follow)
        except OSError:
            return
        assert resolved == project or project in resolved.parents
        parent = resolved if resolved == project else resolved.parent
        assert Path(os.path.realpath(parent)) == parent
        if parent.is_dir():
            with open_folder(roots, parent) as descriptor:
                assert os.fstat(descriptor).st_ino == parent.stat().st_ino
