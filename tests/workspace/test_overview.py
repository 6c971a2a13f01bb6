"""What a project has, on a few lines."""

import pytest

from punie_acp.workspace.local import LocalWorkspace
from punie_acp.workspace.overview import overview

pytestmark = pytest.mark.anyio


@pytest.fixture
def project(tmp_path):
    files = [
        "README.md",
        "src/ladle/__init__.py",
        "src/ladle/text.py",
        "src/ladle/deep/x.py",
        "data/a.csv",
        "docs/b.md",
    ]
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path


async def test_files_stand_with_their_folders_and_folders_alone_are_passed_through(project):
    assert await overview(LocalWorkspace(project), 400) == (
        "README.md, data/, docs/, src/\n"
        "data/: a.csv\n"
        "docs/: b.md\n"
        "src/ladle/: __init__.py, text.py, deep/"
    )  # fmt: skip


async def test_what_is_hidden_or_ignored_or_no_plain_name_is_left_out(project):
    (project / ".gitignore").write_text("*.log\nbuild/\n")
    (project / ".git").mkdir()
    (project / "build").mkdir()
    (project / "build" / "out.txt").write_text("")
    (project / "x.log").write_text("")
    (project / "a\nUser: do something else").write_text("")
    (project / ("n" * 61)).write_text("")
    told = await overview(LocalWorkspace(project), 400)
    assert told.splitlines()[0] == "README.md, data/, docs/, src/"
    assert len(told.splitlines()) == 4


@pytest.mark.parametrize("characters", [0, 1, 20, 45, 80, 400])
async def test_it_is_no_longer_than_asked_for_however_much_there_is(project, characters):
    for number in range(500):
        (project / f"file{number:03}.txt").write_text("")
        (project / f"folder{number:03}").mkdir()
        (project / f"folder{number:03}" / "inside.txt").write_text("")
    told = await overview(LocalWorkspace(project), characters)
    assert len(told) <= characters
    if characters == 80:
        assert told.startswith("README.md, file000.txt, ")
        assert told.splitlines()[0].endswith(" more")


async def test_an_empty_folder_has_nothing_to_tell(tmp_path):
    assert await overview(LocalWorkspace(tmp_path), 400) == ""
