"""The typed tools of a project in a whole conversation: offered by what the project has, asked for like any command."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.anyio


def with_tools(project: Path) -> None:
    """Make `project` a repository with one test, and pytest in an environment of its own."""
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "pytest").symlink_to(Path(sys.executable).parent / "pytest")
    (project / ".gitignore").write_text(".venv\n__pycache__\n.pytest_cache\n")
    (project / "test_shapes.py").write_text(
        "from src.shapes import area\n\ndef test_area():\n    assert area(2, 3) == 7\n"
    )
    (project / "conftest.py").write_text("")
    subprocess.run(["git", "init", "-q", "-b", "trunk"], cwd=project, check=True)


async def test_tests_are_run_a_patch_repairs_them_and_each_is_seen_and_asked_for(client, project):
    with_tools(project)
    session = await client.new_session(project)
    header = "--- a/test_shapes.py\n+++ b/test_shapes.py\n@@ -4 +4 @@\n"
    patch = header + "-    assert area(2, 3) == 7\n+    assert area(2, 3) == 6\n"

    await client.run(
        session,
        f"first = run_tests()\napply_patch({patch!r})\nsecond = run_tests('test_shapes.py')\n"
        "print(first.failed, first.failures[0].line, second.passed, git_status().branch, references('area')[0].path)",
    )

    assert client.text(session).strip() == "1 4 1 trunk src/shapes.py"
    command = ".venv/bin/pytest -q --color=no"
    status = "git status --porcelain=v2 --branch --untracked-files=all -- ."
    assert [(call["kind"], call["title"]) for call in client.calls(session)] == [
        ("execute", f"Run {command}"),
        ("edit", "Apply a patch to test_shapes.py"),
        ("execute", f"Run {command} test_shapes.py"),
        ("execute", f"Run {status}"),
        ("search", "Find references to area"),
    ]
    assert [question["toolCall"]["title"] for question in client.questions] == [
        call["title"] for call in client.calls(session)[:4]
    ]


async def test_a_project_without_tools_does_not_offer_them(client, project):
    session = await client.new_session(project)

    await client.run(session, "print(run_tests())")
    assert "name 'run_tests' is not defined" in client.programs(session)[-1]["rawOutput"]["error"]["message"]
