"""Which tools a project has, and what its checkers print."""

import re

import pytest

from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.codemode.functions import Place
from punie_acp.codemode.tools import diagnostics, testreports
from punie_acp.codemode.tools.detecting import Tool, find_tools
from punie_acp.codemode.tools.functions import tool_functions
from punie_acp.codemode.tools.git import read_status
from punie_acp.workspace.local import LocalWorkspace


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder in no repository, on a machine whose only program is git, if any."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return (tmp_path / "project").resolve()


def install(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def offered(root) -> list[str]:
    functions = tool_functions(Place(LocalWorkspace(root), 60.0), find_tools(root))
    return [function.name for function in ExtraFunctions.of(functions).functions]


def test_an_empty_folder_has_no_more_than_patches(root):
    install(root.parent / "bin", "git", "ruff", "mypy", "pytest", "python3")
    assert offered(root) == ["apply_patch"]


def test_what_is_not_installed_is_not_offered(root):
    (root / "pyproject.toml").write_text("[tool.ruff]\n[tool.mypy]\n")
    (root / "tests").mkdir()
    (root / "tests" / "test_a.py").write_text("")
    (root / ".git").mkdir()
    assert offered(root) == ["symbols", "references", "apply_patch"]
    install(root.parent / "bin", "git", "ruff", "mypy", "python3")
    assert offered(root) == [
        *(
            "run_tests",
            "type_check",
            "lint",
            "git_status",
            "git_diff",
            "git_log",
            "symbols",
            "references",
            "apply_patch",
        ),
    ]
    assert find_tools(root).tests == Tool("unittest", ("python3", "-m", "unittest"))


def test_tools_of_the_machine_count_where_the_project_is_set_up_for_them(root):
    (root / "a.py").write_text("")
    install(root.parent / "bin", "ruff", "mypy", "pyright")
    assert offered(root) == ["symbols", "references", "apply_patch"]
    (root / "pyrightconfig.json").write_text("{}")
    (root / "ruff.toml").write_text("")
    assert find_tools(root).checker == Tool("pyright", ("pyright",))
    assert find_tools(root).linter == Tool("ruff", ("ruff",))


def test_the_projects_own_environment_comes_first(root):
    (root / "src").mkdir()
    (root / "src" / "test_a.py").write_text("")
    install(root.parent / "bin", "mypy", "pytest")
    install(root / ".venv" / "bin", "ty", "mypy", "pytest")
    (root / "setup.cfg").write_text("[mypy]\nfiles = src\n")
    tools = find_tools(root)
    assert tools.tests == Tool("pytest", (".venv/bin/pytest", "-q", "--color=no"))
    assert tools.checker == Tool("mypy", (".venv/bin/mypy",), names_files=True)
    (root / "setup.cfg").unlink()
    assert find_tools(root).checker == Tool("ty", (".venv/bin/ty",))


def test_settings_that_cannot_be_read_say_nothing(root):
    (root / "a.py").write_text("")
    (root / "pyproject.toml").write_text("[tool.ruff\n")
    (root / "setup.cfg").write_bytes(b"\xff\xfe[")
    install(root.parent / "bin", "ruff")
    assert find_tools(root).linter is None


# What was printed by mypy 2.4.1 and ty 0.0.105 of a small file, each with the options that we give it.
MYPY = """\
a.py:3:12: error: Incompatible return value type (got "int", expected "str")  [return-value]
a.py:3:12: note: A note is no finding of its own
a.py:5:7: error: Name "undefined" is not defined  [name-defined]
"""
TY = """\
a.py:3:12: error[invalid-return-type] Return type does not match returned value: expected `str`, found `int`
src/b.py:5:7: warning[unresolved-reference] Name `undefined` used when not defined
Found 2 diagnostics
"""
PYRIGHT = """\
No configuration file found.
{"version": "1.1", "generalDiagnostics": [
 {"file": "/p/a.py", "severity": "error", "message": "\\"int\\" is not assignable to \\"str\\"",
  "range": {"start": {"line": 2, "character": 11}, "end": {"line": 2, "character": 12}}, "rule": "reportReturnType"},
 {"file": "/p/a.py", "severity": "information", "message": "nothing",
  "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}}]}
"""


def test_recorded_outputs_of_checkers():
    assert [tuple(one) for one in diagnostics.mypy(MYPY)] == [
        ("a.py", 3, 12, "return-value", 'Incompatible return value type (got "int", expected "str")'),
        ("a.py", 5, 7, "name-defined", 'Name "undefined" is not defined'),
    ]
    assert [one[:4] for one in diagnostics.ty(TY)] == [
        ("a.py", 3, 12, "invalid-return-type"),
        ("src/b.py", 5, 7, "unresolved-reference"),
    ]
    (one,) = diagnostics.pyright(PYRIGHT)
    assert one == ("/p/a.py", 3, 12, "reportReturnType", '"int" is not assignable to "str"')
    with pytest.raises(ValueError, match="no complete JSON"):
        diagnostics.ruff('[{"filename": "a.py", ')


# What pytest 9 printed, with -q --color=no.
PYTEST = """\
.F.Es                                                                    [100%]
==================================== ERRORS ====================================
_________________________ ERROR at setup of test_err ___________________________

    @pytest.fixture
>   def boom(): raise RuntimeError("no")
E   RuntimeError: no

tests/test_x.py:9: RuntimeError
=================================== FAILURES ===================================
_________________________________ TestA.test_m _________________________________

>   def test_m(self): raise ValueError("x")
E   ValueError: x

tests/test_x.py:14: ValueError
=========================== short test summary info ============================
FAILED tests/test_x.py::TestA::test_m - ValueError: x
ERROR tests/test_x.py::test_err - RuntimeError: no
1 failed, 2 passed, 1 skipped, 1 error in 0.89s
"""


def test_without_a_report_the_text_of_pytest_has_to_do():
    run = testreports.of_pytest_text(PYTEST, 1)
    assert run[:4] == (2, 1, 1, 1)
    assert [tuple(one) for one in run.failures] == [
        ("tests/test_x.py::TestA::test_m", "tests/test_x.py", 14, "ValueError: x"),
        ("tests/test_x.py::test_err", "tests/test_x.py", 9, "RuntimeError: no"),
    ]
    assert testreports.of_pytest_text("sh: pytest: not found\n", 127)[:4] == (0, 0, 0, 0)


def test_a_merge_and_a_branch_without_a_commit_are_read():
    text = "# branch.oid (initial)\n# branch.head main\nu UU N... 1 2 3 4 a b c both sides.py\n? x.py\n! ignored\n"
    assert read_status(text) == ("main", [], ["both sides.py"], ["x.py"])


def test_every_function_is_one_short_line_for_the_model(root):
    (root / "test_a.py").write_text("")
    (root / ".git").mkdir()
    install(root / ".venv" / "bin", "pytest", "ruff", "ty")
    install(root.parent / "bin", "git")
    lines = ExtraFunctions.of(tool_functions(Place(LocalWorkspace(root), 60.0), find_tools(root))).stubs.splitlines()
    assert len(lines) == 9 + 7
    assert all(re.fullmatch(r"class \w+\(NamedTuple\): .*|def \w+\(.*\) -> .*: \.\.\.  # .*", line) for line in lines)
    assert max(map(len, lines)) <= 140
