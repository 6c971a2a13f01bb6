"""The typed tools of a project, called by programs in a real sandbox: its tests, its checkers, its history."""

import subprocess
import sys
from pathlib import Path

import pytest

from punie_acp.codemode.events import CallType
from punie_acp.codemode.functions import Place
from punie_acp.codemode.tools.detecting import ProjectTools, Tool, find_tools
from punie_acp.codemode.tools.functions import tool_functions
from punie_acp.workspace.local import LocalWorkspace

BIN = Path(sys.executable).parent

TESTS = """\
import pytest

def check(left, right):
    assert left == right, "they differ"

def test_good():
    check(1, 1)

def test_bad():
    check(1, 2)

@pytest.fixture
def broken():
    raise RuntimeError("no such thing")

def test_with_fixture(broken):
    pass

@pytest.mark.skip(reason="later")
def test_later():
    pass

class TestMore:
    @pytest.mark.parametrize("n", [1, 2])
    def test_n(self, n):
        assert n == 1
"""


@pytest.fixture
def project(lab):
    """The laboratory's project with tools of its own: links to those that this test suite runs with."""
    (lab.root / ".venv" / "bin").mkdir(parents=True)
    for name in ("pytest", "ruff", "basedpyright"):
        (lab.root / ".venv" / "bin" / name).symlink_to(BIN / name)
    (lab.root / "tests").mkdir()
    (lab.root / "tests" / "test_some.py").write_text(TESTS)
    offer(lab)
    yield lab
    lab.portal.call(lab.sandbox.set_extra, [])


def offer(lab, tools: ProjectTools | None = None) -> None:
    place = Place(LocalWorkspace(lab.root), 60.0)
    lab.portal.call(lab.sandbox.set_extra, tool_functions(place, tools or find_tools(lab.root)))


def git(root: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=trunk")
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)


def test_a_run_of_the_tests_is_typed_and_is_seen_as_the_command_that_it_is(project):
    ran = project.run(
        "run = run_tests('tests/test_some.py')\n"
        "print(run.passed, run.failed, run.errors, run.skipped, run.exit_code)\n"
        "for one in run.failures:\n    print(one.name, one.file, one.line, one.message.splitlines()[0])\n"
        "print('2 failed, 2 passed' in run.output)"
    )
    assert ran.output.splitlines() == [
        "2 2 1 1 1",
        "tests/test_some.py::test_bad tests/test_some.py 4 AssertionError: they differ",
        "tests/test_some.py::test_with_fixture tests/test_some.py 14 RuntimeError: no such thing",
        "tests/test_some.py::TestMore::test_n[2] tests/test_some.py 26 assert 2 == 1",
        "True",
    ]
    (request,) = ran.requests
    assert (request.type, request.kind, request.function) == (CallType.SHELL, "execute", "run_tests")
    assert request.command == ".venv/bin/pytest -q --color=no tests/test_some.py"
    assert request.title == f"Run {request.command}"
    assert ran.outcome.effects == (request.title,)


def test_one_test_can_be_run_and_a_run_leaves_nothing_behind(project, tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    ran = project.run("print(run_tests('tests/test_some.py::TestMore::test_n[1]')[:4])")
    assert ran.output == "(1, 0, 0, 0)\n"
    assert list(folder.iterdir()) == []


def test_a_refused_run_raises_and_runs_nothing(project):
    (project.root / "tests" / "test_some.py").write_text("open('ran', 'w')\n")
    ran = project.run(
        "try:\n    run_tests()\nexcept PermissionError as error:\n    print(error)", refuse=lambda _: "no"
    )
    assert ran.output == "no\n"
    assert not (project.root / "ran").exists()


def test_tests_that_cannot_be_collected_are_errors(project):
    (project.root / "tests" / "test_some.py").write_text("import nothing_of_this_name\n")
    ran = project.run(
        "run = run_tests()\nprint(run.errors, run.exit_code, run.failures[0].message, run.failures[0].line)"
    )
    assert ran.output == "1 2 ModuleNotFoundError: No module named 'nothing_of_this_name' 1\n"


def test_a_path_that_is_not_there_or_looks_like_an_option_runs_nothing(project):
    ran = project.run(
        "for path in ('nowhere.py', '--collect-only', '../outside'):\n"
        "    try:\n        run_tests(path)\n"
        "    except Exception as error:\n        print(type(error).__name__)"
    )
    assert ran.output.split() == ["FileNotFoundError", "FileNotFoundError", "PermissionError"]
    assert [finish.status for finish in ran.finishes] == ["failed"]  # of the one outside; the others were never calls


def test_a_project_without_pytest_is_tested_with_unittest(lab):
    (lab.root / "tests").mkdir()
    (lab.root / "tests" / "test_sums.py").write_text(
        "import unittest\n\nclass Sums(unittest.TestCase):\n"
        "    def test_one(self):\n        self.assertEqual(1 + 1, 2)\n"
        "    def test_two(self):\n        self.assertEqual(1 + 1, 3)\n"
        "    def test_three(self):\n        {}['key']\n"
        "    @unittest.skip('later')\n    def test_four(self): pass\n"
    )
    offer(lab, ProjectTools(tests=Tool("unittest", (sys.executable, "-m", "unittest"))))
    ran = lab.run(
        "run = run_tests()\nprint(run[:4])\nfor one in run.failures:\n"
        "    print(one.file, one.line, one.name, one.message)\n"
        "print(run_tests('tests/test_sums.py')[:4])"
    )
    assert ran.output.splitlines() == [
        "(1, 1, 1, 1)",
        "tests/test_sums.py 9 test_three (test_sums.Sums.test_three) KeyError: 'key'",
        "tests/test_sums.py 7 test_two (test_sums.Sums.test_two) AssertionError: 2 != 3",
        "(1, 1, 1, 1)",
    ]
    lab.portal.call(lab.sandbox.set_extra, [])


def test_the_linter_gives_diagnostics(project):
    ran = project.run(
        "for one in lint('src'):\n    print(one)\nprint(lint('a.txt') if False else len(lint('src/b.py')))"
    )
    assert ran.output == "0\n"
    (project.root / "src" / "b.py").write_text("import os\n")
    ran = project.run("for one in lint('src'):\n    print(one)")
    assert (
        "Diagnostic(path='src/b.py', line=1, column=8, code='F401', message='`os` imported but unused')" in ran.output
    )
    assert ran.requests[0].command == ".venv/bin/ruff check --output-format json src"


def test_a_checker_that_fails_says_why(project):
    (project.root / "ruff.toml").write_text("no-such-setting = 1\n")
    ran = project.run("try:\n    lint()\nexcept RuntimeError as error:\n    print(error)")
    assert ran.output.startswith("ruff failed with exit code 2: ")


@pytest.mark.slow
def test_the_type_checker_gives_diagnostics(project):
    (project.root / "src" / "b.py").write_text("def f(x: int) -> str:\n    return x\n")
    ran = project.run("print([(one.path, one.line, one.column, one.code) for one in type_check('src/b.py')])")
    assert ran.output == "[('src/b.py', 2, 12, 'reportReturnType')]\n"


def test_the_state_of_git_is_typed(project):
    git(project.root, "init")
    (project.root / ".gitignore").write_text(".venv\n")
    offer(project)
    assert "there is no commit yet" in project.run("git_diff()").outcome.error.message
    git(project.root, "add", ".")
    git(project.root, "commit", "-m", "Begin\tsomething: with\n\nmore")
    (project.root / "a.txt").write_text("one\n")
    (project.root / "data.json").write_text("{}\n")
    (project.root / "src" / "naïve name.py").write_text("")
    git(project.root, "mv", "src/b.py", "src/d d.py")
    git(project.root, "add", "data.json")
    ran = project.run(
        "state = git_status()\nprint(state.branch, state.staged, state.modified, state.untracked)\n"
        "print(git_diff('a.txt').splitlines()[-3:])\n"
        "(commit,) = git_log(5)\nprint(len(commit.hash), commit.author, commit.date[:2], commit.subject)"
    )
    assert ran.output.splitlines() == [
        "trunk ['data.json', 'src/d d.py'] ['a.txt'] ['src/naïve name.py']",
        "[' one', '-two', '-three']",
        "40 Ada Lovelace 20 Begin\tsomething: with",
    ]
    assert [request.type for request in ran.requests] == [CallType.SHELL] * 3
    assert ran.requests[2].command == "git log --max-count=5 --no-color --format=%H%x09%aI%x09%an%x09%s"


def test_paths_of_a_project_within_a_larger_repository_begin_in_the_project(lab):
    top = lab.root / "src"
    git(lab.root, "init")
    git(lab.root, "add", ".")
    git(lab.root, "commit", "-m", "x")
    (top / "b.py").write_text("x = 2\n")
    (lab.root / "a.txt").write_text("changed\n")
    place = Place(LocalWorkspace(top), 60.0)
    lab.portal.call(lab.sandbox.set_extra, tool_functions(place, find_tools(top)))
    ran = lab.run("print(git_status().modified, git_diff().splitlines()[0], git_diff('b.py') == git_diff())")
    assert ran.output == "['b.py'] diff --git a/b.py b/b.py True\n"
    lab.portal.call(lab.sandbox.set_extra, [])


WRONG = [
    ("run_tests(filename='a')", "run_tests takes path"),
    ("git_log('ten')", "git_log takes count"),
    ("print(git_status().branches)", "it has branch, staged, modified, untracked"),
    ("for one in lint():\n    print(one.file)", "it has path, line, column, code, message"),
]


@pytest.mark.parametrize(("code", "part"), WRONG)
def test_a_wrong_use_is_found_before_anything_runs(project, code, part):
    git(project.root, "init")
    offer(project)
    ran = project.run(code)
    assert ran.outcome.error is not None
    assert ran.outcome.error.kind == "type"
    assert part in ran.outcome.error.message
    assert ran.requests == []


def test_their_names_can_still_be_used_for_something_else(project):
    ran = project.run("references = ['a']\ndef symbols(x):\n    return x\nprint(references, symbols(1))")
    assert ran.output == "['a'] 1\n"
