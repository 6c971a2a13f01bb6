"""`run_tests`: the project's own test runner, as a command that the user sees and may refuse.

What pytest found is read from a JUnit file that it writes beside, in a folder of its own outside of the project: its
text is made for people, cuts messages, and looks different with every plugin. The file is asked for by the variable
`PYTEST_ADDOPTS`, so that the command stays one that a rule of the user can name. Where there is none (a terminal on
another machine), the text has to do.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.codemode.planning import exit_code, stderr_with_notes
from punie_acp.codemode.tools.commands import project_path, tool_plan
from punie_acp.codemode.tools.testreports import of_junit, of_pytest_text, of_unittest

if TYPE_CHECKING:
    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.codemode.tools.detecting import Tool
    from punie_acp.codemode.tools.values import TestRun
    from punie_acp.workspace.base import CommandResult

MAX_REPORT_BYTES = 64 * 1024 * 1024


async def run_tests(place: Place, tool: Tool, path: PathLike | None = None) -> Plan:
    """Plan to run all tests, or those that `path` names: a file, a folder, `tests/test_a.py::test_b`."""
    return _pytest(place, tool, path) if tool.name == "pytest" else _unittest(place, tool, path)


def _pytest(place: Place, tool: Tool, path: PathLike | None) -> Plan:
    report = _Report()

    async def answer(result: CommandResult) -> TestRun:
        output = result.stdout + stderr_with_notes(result)
        try:
            return of_junit(report.take(), output, exit_code(result))
        except (OSError, ValueError):
            return of_pytest_text(output, exit_code(result))

    return tool_plan(place, [*tool.command, *_named(place, path)], answer, report.ask, report.remove)


def _named(place: Place, path: PathLike | None) -> list[str]:
    if path is None:
        return []
    file, colons, test = str(path).partition("::")
    return [project_path(place, file) + colons + test]


def _unittest(place: Place, tool: Tool, path: PathLike | None) -> Plan:
    async def answer(result: CommandResult) -> TestRun:
        output = result.stdout + stderr_with_notes(result)
        return of_unittest(output, exit_code(result), str(place.workspace.root))

    return tool_plan(place, [*tool.command, *_for_unittest(place, path)], answer)


def _for_unittest(place: Place, path: PathLike | None) -> list[str]:
    """unittest finds below the folder itself only what lies in packages, so a folder of tests is named."""
    if path is None:
        found = [name for name in ("tests", "test") if (place.workspace.root / name).is_dir()]
        return ["discover", "-v", "-s", found[0]] if found else ["discover", "-v"]
    file, _, test = str(path).partition("::")
    shown = project_path(place, file)
    if (place.workspace.root / shown).is_dir():
        return ["discover", "-v", "-s", shown]
    if test:  # by its module's name, which has to be importable
        return ["-v", ".".join([shown.removesuffix(".py").replace("/", "."), *test.split("::")])]
    return ["-v", shown]


class _Report:
    """The file that one run of pytest writes for us. Its folder is made when the run begins, and is ours alone."""

    def __init__(self) -> None:
        self._folder: Path | None = None

    def ask(self) -> dict[str, str]:
        """The variables by which pytest is asked for it, beside the user's own options."""
        self._folder = Path(tempfile.mkdtemp(prefix="punie-tests-"))
        options = f"--junit-xml={shlex.quote(str(self._folder / 'report.xml'))} -o junit_family=xunit1"
        return {"PYTEST_ADDOPTS": f"{os.environ.get('PYTEST_ADDOPTS', '')} {options}".strip()}

    def take(self) -> bytes:
        """What is in it. Raises `OSError` where there is none, or it is larger than can be."""
        assert self._folder is not None
        file = self._folder / "report.xml"
        if file.stat().st_size > MAX_REPORT_BYTES:
            raise OSError("the report is too large")
        return file.read_bytes()

    def remove(self) -> None:
        """Leave nothing behind."""
        if self._folder is not None:
            with suppress(OSError):
                shutil.rmtree(self._folder)
