"""Finding files and lines, and what is kept out of sight: secrets and what .gitignore hides."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import anyio
import pytest

from punie_acp.workspace.local import LocalWorkspace
from punie_acp.workspace.search import MAX_MATCHES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

TREE = {
    ".gitignore": "*.log\n!keep.log\n/build/\nnode_modules/\ndocs/*.tmp\n\\#odd\n[bad\n",
    ".env": "TODO=1\n",
    "a.py": "x = 1  # TODO one\n",
    "src/b.py": "y = 2\n# TODO two\n# todo three\n",
    "src/deep/c.ts": "// TODO four\n",
    "src/deep/.gitignore": "*.py\n!/keep.py\nlocal/\n",
    "src/deep/hidden.py": "# TODO hidden\n",
    "src/deep/keep.py": "",
    "src/deep/local/d.ts": "// TODO hidden\n",
    "keep.log": "TODO kept\n",
    "debug.log": "TODO hidden\n",
    "build/out.py": "# TODO hidden\n",
    "src/build/in.py": "",
    "node_modules/m/index.ts": "// TODO hidden\n",
    "docs/x.tmp": "",
    "docs/deep/x.tmp": "",
    "#odd": "",
    "excluded.txt": "TODO hidden\n",
}


@pytest.fixture
def tree(project: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    (project / ".git" / "info").mkdir(exist_ok=True)
    (project / ".git" / "info" / "exclude").write_text("excluded.txt\n")
    for name, content in TREE.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    return project


def ignored_by_git(tree: Path, names: list[str]) -> set[str]:
    listing = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=tree, input="\n".join(names), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return set(listing.stdout.replace('"', "").splitlines())


async def test_what_gitignore_hides_is_what_git_says(tree, workspace):
    names = [name for name in TREE if name != "#odd"]  # git puts this name into quotes
    hidden = {name for name in names if workspace.sensitivity(tree / name) == "it is hidden by .gitignore"}
    assert hidden == ignored_by_git(tree, names)
    assert "src/deep/hidden.py" in hidden


async def test_a_changed_gitignore_counts_at_once(tree, workspace):
    assert workspace.sensitivity(tree / "a.py") is None
    (tree / ".gitignore").write_text("a.py\n")
    os.utime(tree / ".gitignore", (1, 1))
    assert workspace.sensitivity(tree / "a.py") == "it is hidden by .gitignore"


async def test_ignore_files_above_the_session_count_too(tree):
    workspace = LocalWorkspace(tree / "src")
    assert workspace.sensitivity(tree / "src" / "x.log") == "it is hidden by .gitignore"


@pytest.mark.parametrize(
    ("name", "asks"),
    [
        (".env", True), (".env.production", True), ("sub/.ENV", True), ("prod.env", True), (".envrc", True),
        (".env.example", False), (".env.sample", False), ("environment.py", False), ("id_ed25519", True),
        ("id_ed25519.pub", False), ("server.key", True), ("cert.pem", True), (".netrc", True), (".npmrc", True),
        (".ssh/config", True), (".aws/config", True), ("credentials", True), ("credentials.json", True),
        ("credentials.py", False), ("secrets.yaml", True), ("key.py", False), ("README.md", False),
    ],
)  # fmt: skip
async def test_files_that_may_hold_secrets_ask_first(workspace, project, name, asks):
    assert (workspace.sensitivity(project / name) is not None) is asks


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.py", ["a.py"]),
        ("**/*.py", ["a.py", "src/b.py", "src/build/in.py", "src/deep/keep.py"]),
        ("src/**/*.{py,ts}", ["src/b.py", "src/build/in.py", "src/deep/c.ts", "src/deep/keep.py"]),
        ("./src/[a-b].py", ["src/b.py"]),
        ("s?c/*", ["src/b.py", "src/build", "src/deep"]),
        ("*/", ["docs", "src"]),
        ("src/deep/../b.py", ["src/b.py"]),
        ("**/deep/**/*.ts", ["src/deep/c.ts"]),
        ("missing/*.py", []),
        ("a.py", ["a.py"]),
        ("a.py/", []),
        ("build/*", ["build/out.py"]),
        ("**/build/*.py", ["build/out.py", "src/build/in.py"]),
        ("node_modules/**/*.ts", ["node_modules/m/index.ts"]),
        ("debug.log", ["debug.log"]),
        ("**/{c,b}.{ts,py}", ["src/b.py", "src/deep/c.ts"]),
    ],
)
async def test_patterns_find_what_is_visible_and_what_they_name(tree, workspace, pattern, found):
    assert [workspace.display(path) for path in await workspace.glob(pattern, tree)] == found


@pytest.mark.parametrize("pattern", ["*", "**/*", "**/*.py", "src/*/*.ts", "**/d*/**/*.t?", "*/**/k*", "**/*/"])
async def test_without_ignore_files_patterns_mean_what_they_mean_to_pathlib(tree, workspace, pattern):
    for ignore in [*tree.rglob(".gitignore"), tree / ".git" / "info" / "exclude"]:
        ignore.unlink()
    expected = sorted({path for path in tree.glob(pattern) if ".git" not in path.parts})
    assert await workspace.glob(pattern, tree) == expected


async def test_a_glob_stays_inside(tree, workspace, tmp_path):
    (tmp_path / "secret.py").touch()
    (tree / "out").symlink_to(tmp_path)
    (tree / "round").symlink_to(tree)
    for pattern in ("../*.py", "/etc/*", "out/*.py"):
        with pytest.raises(PermissionError):
            await workspace.glob(pattern, tree)
    assert tmp_path / "secret.py" not in await workspace.glob("**/*.py", tree)
    with pytest.raises(ValueError, match="after a wildcard"):
        await workspace.glob("*/../../*.py", tree)
    with pytest.raises(ValueError, match="empty"):
        await workspace.glob("", tree)


async def test_a_search_gives_lines_in_path_order_without_secrets_and_hidden_files(tree, workspace):
    (tree / "binary").write_bytes(b"TODO\0")
    (tree / "latin.txt").write_bytes(b"TODO caf\xe9\r\n")
    found = await workspace.search(r"TODO\b")
    assert [(m.path, m.line, m.text) for m in found] == [
        ("a.py", 1, "x = 1  # TODO one"),
        ("keep.log", 1, "TODO kept"),
        ("latin.txt", 1, "TODO café"),
        ("src/b.py", 2, "# TODO two"),
        ("src/deep/c.ts", 1, "// TODO four"),
    ]


async def test_a_search_is_narrowed_by_a_name_or_a_path(tree, workspace):
    async def files(pattern: str, glob: str) -> list[str]:
        return [match.path for match in await workspace.search(pattern, glob)]

    assert await files("(?i)todo", "*.py") == ["a.py", "src/b.py", "src/b.py"]
    assert await files("TODO", "src/*.py") == ["src/b.py"]
    assert await files("TODO", "src/**") == ["src/b.py", "src/deep/c.ts"]
    assert await files("TODO", "build/*.py") == ["build/out.py"]
    assert await files("TODO", ".env") == []


async def test_a_search_ends_where_nobody_would_read_on(project, workspace):
    (project / "many").write_text("hit\n" * 5000)
    (project / "wide").write_text("w" * 100_000)
    assert len(await workspace.search("hit")) == MAX_MATCHES
    (wide,) = await workspace.search("w+", "wide")
    assert len(wide.text) == 501


@pytest.mark.parametrize(
    "pattern",
    [
        "one$",
        "^two",
        r"\Athree",
        r"a\s*$",
        r"a(?!\s)",
        r"(?i)ONE",
        r"^$",
        r"(?:x|a)\b",
        r"a\s*+$",
        r"(?<!\n)two",
        "a.b",
        r"\Z",
    ],
)
async def test_every_line_counts_for_itself(project, workspace, pattern):
    lines = ["one", "two a", "", "three", " a  ", "a", "b", "xa b", "two"]
    (project / "f").write_text("\n".join(lines))
    expected = [number for number, line in enumerate(lines, start=1) if re.search(pattern, line)]
    assert [match.line for match in await workspace.search(pattern, "f")] == expected


async def test_a_bad_pattern_is_a_value_error(workspace):
    with pytest.raises(ValueError, match="does not compile: missing \\)"):
        await workspace.search("(")


async def test_an_expression_that_never_ends_holds_up_nobody(project, workspace):
    (project / "trap").write_text("a" * 60 + "!")
    ticks = 0
    with anyio.move_on_after(0.3) as limit:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(workspace.search, r"^(?:a|aa|a\w)+$")
            while True:
                await anyio.sleep(0.01)
                ticks += 1
    assert limit.cancelled_caught
    assert ticks > 5
    with pytest.raises(TimeoutError, match="simpler pattern"):
        await workspace.search(r"^(?:a|aa|a\w)+$")
