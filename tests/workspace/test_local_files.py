"""Reading and changing files on the local disk."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from punie_acp.workspace.base import FileStat, NotTextError

pytestmark = pytest.mark.anyio


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_new_file_gets_its_folders_and_ordinary_permissions(project, workspace):
    await workspace.write_text(workspace.resolve("a/b/c.txt"), "x\r\ny\n")
    assert (project / "a/b/c.txt").read_bytes() == b"x\r\ny\n"
    (project / "plain").touch()
    assert (project / "a/b/c.txt").stat().st_mode == (project / "plain").stat().st_mode


async def test_a_rewrite_keeps_mode_owner_encoding_and_line_ends(project, workspace):
    script = project / "run.sh"
    script.write_bytes(b"echo caf\xe9\r\n")
    script.chmod(0o751)
    if os.getuid() == 0:
        os.chown(script, 1234, 4321)
    before = script.stat()
    await workspace.write_text(script, "echo café\ndone\n")
    after = script.stat()
    assert script.read_bytes() == b"echo caf\xe9\r\ndone\r\n"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


async def test_text_replaces_a_binary_file(project, workspace):
    (project / "f").write_bytes(b"\0\1\2")
    await workspace.write_text(project / "f", "text\n")
    assert (project / "f").read_bytes() == b"text\n"


async def test_writing_through_a_link_within_the_project_changes_its_target(project, workspace):
    (project / "real.txt").write_text("old")
    (project / "link.txt").symlink_to("real.txt")
    await workspace.write_text(workspace.resolve("link.txt"), "new")
    assert (project / "link.txt").is_symlink()
    assert (project / "real.txt").read_text() == "new"


async def test_a_reader_sees_the_old_file_or_the_new_one_and_never_a_part(project, workspace):
    versions = {letter * 300_000 for letter in "ab"}
    target = project / "big.txt"
    target.write_text("a" * 300_000)
    seen: set[str] = set()
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.add(target.read_text())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(15):
            for version in sorted(versions):
                await workspace.write_text(target, version)
    finally:
        stop.set()
        watcher.join()
    assert seen <= versions


async def test_a_failed_write_leaves_the_file_and_nothing_else(project, workspace):
    (project / "f.txt").write_bytes(b"caf\xe9")
    (project / "folder").mkdir()
    with pytest.raises(NotTextError, match="cp1252"):
        await workspace.write_text(project / "f.txt", "→")
    with pytest.raises(IsADirectoryError, match="folder"):
        await workspace.write_bytes(project / "folder", b"x")
    with pytest.raises(NotADirectoryError, match=r"f\.txt/below"):
        await workspace.write_text(project / "f.txt" / "below", "x")
    assert (project / "f.txt").read_bytes() == b"caf\xe9"
    assert names(project) == ["f.txt", "folder"]


async def test_a_full_disk_leaves_the_old_file(project, workspace):
    import resource
    import signal

    (project / "f.txt").write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match=r"f\.txt"):
            await workspace.write_text(project / "f.txt", "n" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (project / "f.txt").read_text() == "old"
    assert names(project) == ["f.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
async def test_a_write_protected_file_is_not_replaced(project, workspace):
    (project / "f.txt").write_text("old")
    (project / "f.txt").chmod(0o444)
    with pytest.raises(PermissionError, match=r"f\.txt"):
        await workspace.write_text(project / "f.txt", "new")


async def test_errors_name_the_path_as_a_person_would(workspace):
    with pytest.raises(FileNotFoundError) as caught:
        await workspace.read_text(workspace.resolve("src/missing.py"))
    assert str(caught.value) == "[Errno 2] No such file or directory: 'src/missing.py'"


async def test_what_is_no_readable_text_is_refused(project, workspace):
    os.mkfifo(project / "pipe")
    (project / "sparse").touch()
    os.truncate(project / "sparse", 11 * 1024 * 1024)
    with pytest.raises(NotTextError, match=r"sparse is too large to be read: 11,534,336 bytes"):
        await workspace.read_text(project / "sparse")
    with pytest.raises(OSError, match="pipe"):
        await workspace.read_text(project / "pipe")
    for folder in (project, project / "..", project / "."):
        with pytest.raises(OSError, match=r"directory|outside"):
            await workspace.read_text(folder)


async def test_bytes_come_back_whatever_their_size(project, workspace):
    data = os.urandom(1_000_000)
    await workspace.write_bytes(project / "blob", data)
    assert await workspace.read_bytes(project / "blob") == data


async def test_stat_tells_files_folders_and_the_rest_apart(project, workspace, tmp_path):
    (project / "f").write_text("abc")
    (project / "f").chmod(0o640)
    (project / "link").symlink_to("f")
    (project / "out").symlink_to(tmp_path)
    file = await workspace.stat(project / "f")
    assert file == FileStat("file", 3, (project / "f").stat().st_mtime, 0o640)
    assert await workspace.stat(project / "link") == file
    assert (await workspace.stat(project / "out")).kind == "other"
    assert (await workspace.stat(project)).kind == "directory"
    assert await workspace.stat(project / "f" / "x") is None


async def test_deleting_takes_the_link_and_never_what_it_leads_to(project, workspace, tmp_path):
    (tmp_path / "kept").write_text("kept")
    (project / "link").symlink_to(tmp_path / "kept")
    (project / "folder").mkdir()
    (project / "full").mkdir()
    (project / "full" / "f").touch()
    await workspace.delete(workspace.resolve("link", follow=False))
    await workspace.delete(project / "folder")
    with pytest.raises(OSError, match="full"):
        await workspace.delete(project / "full")
    with pytest.raises(PermissionError):
        await workspace.delete(project)
    assert (tmp_path / "kept").read_text() == "kept"
    assert names(project) == ["full"]


async def test_renaming_replaces_a_file_and_moves_a_folder(project, workspace):
    await workspace.write_text(project / "a" / "f", "new")
    await workspace.write_text(project / "g", "old")
    await workspace.rename(project / "a" / "f", project / "g")
    await workspace.rename(project / "a", project / "b")
    assert (project / "g").read_text() == "new"
    assert await workspace.list_directory(project) == ["b", "g"]
    with pytest.raises(FileNotFoundError, match="missing -> x"):
        await workspace.rename(project / "missing", project / "x")


async def test_folders_are_made_as_pathlib_makes_them(project, workspace):
    with pytest.raises(FileNotFoundError):
        await workspace.make_directory(project / "a" / "b", parents=False, exist_ok=False)
    await workspace.make_directory(project / "a" / "b", parents=True, exist_ok=False)
    await workspace.make_directory(project / "a" / "b", parents=True, exist_ok=True)
    with pytest.raises(FileExistsError):
        await workspace.make_directory(project / "a" / "b", parents=True, exist_ok=False)
    await workspace.write_text(project / "f", "")
    with pytest.raises(FileExistsError):
        await workspace.make_directory(project / "f", parents=True, exist_ok=True)
    assert stat.S_ISDIR((project / "a" / "b").stat().st_mode)
