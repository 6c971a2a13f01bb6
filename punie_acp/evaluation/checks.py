"""Whether a task was done: looks at the answer, at files and at results of commands, never at how it was done."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.evaluation.tasks import CheckResult

if TYPE_CHECKING:
    from punie_acp.evaluation.tasks import Check, Task

COMMAND_SECONDS = 120.0
OF_A_MAKE = frozenset({"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"})
"""What make tells a make that it starts."""
LEFTOVERS = frozenset({"__pycache__", ".pytest_cache", ".git", ".ruff_cache", ".mypy_cache", "node_modules"})

Snapshot = Mapping[str, str]
"""The hash of each file of a workspace by its path there; what tests leave behind is not counted."""

_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,_]*(?:\.\d+)?")


def take_snapshot(workspace: Path) -> Snapshot:
    """The files of `workspace` as they are now."""
    return {
        path.relative_to(workspace).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(workspace.rglob("*"))
        if path.is_file() and not LEFTOVERS.intersection(path.relative_to(workspace).parts)
    }


def check_task(task: Task, workspace: Path, before: Snapshot, answer: str) -> tuple[CheckResult, ...]:
    """All checks of `task`; commands run last, for they may leave files."""
    after = take_snapshot(workspace)
    reasons = {
        place: _reason(check, workspace, before, after, answer)
        for place, check in sorted(enumerate(task.checks), key=lambda pair: pair[1].kind == "command")
    }
    return tuple(CheckResult(check, not reasons[place], reasons[place]) for place, check in enumerate(task.checks))


def _reason(check: Check, workspace: Path, before: Snapshot, after: Snapshot, answer: str) -> str:
    """What is wrong; "" where nothing is."""
    if check.kind.startswith("answer_"):
        return _answer_reason(check, answer)
    if check.kind.startswith("file_"):
        return _file_reason(check, workspace / check.path)
    if check.kind == "only_changed":
        allowed = check.texts if check.value else ()
        changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        changed = {name for name in changed if not any(fnmatchcase(name, one) for one in allowed)}
        return f"also changed: {', '.join(sorted(changed))}" if changed else ""
    return _command_reason(str(check.value), workspace)


def _answer_reason(check: Check, answer: str) -> str:
    said = folded(answer)
    match check.kind:
        case "answer_has":
            missing = [text for text in check.texts if not any(folded(one) in said for one in text.split("|"))]
            return f"the answer lacks {missing[0]!r}" if missing else ""
        case "answer_lacks":
            found = [text for text in check.texts if folded(text) in said]
            return f"the answer has {found[0]!r}" if found else ""
        case "answer_number":
            wanted = float(check.texts[0])
            numbers = {float(number.replace(",", "").replace("_", "")) for number in _NUMBER.findall(answer)}
            return "" if wanted in numbers else f"the answer lacks the number {wanted:g}"
        case _:
            pattern = str(check.value)
            return "" if re.search(pattern, answer, re.IGNORECASE) else f"the answer does not match {pattern!r}"


def folded(text: str) -> str:
    """`text` without its case and its white space's kind."""
    return " ".join(text.casefold().split())


def _file_reason(check: Check, file: Path) -> str:
    if check.kind == "file_absent":
        return f"{check.path} is there" if file.exists() else ""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return f"{check.path} cannot be read: {type(error).__name__}"
    if check.kind == "file_equals":
        return "" if _lines(text) == _lines(str(check.value)) else f"{check.path} has another text"
    wrong = [one for one in check.texts if (one in text) != (check.kind == "file_has")]
    if not wrong:
        return ""
    return f"{check.path} {'lacks' if check.kind == 'file_has' else 'has'} {wrong[0]!r}"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def command_environment() -> dict[str, str]:
    """The variables of a task's commands, the agent's and the checks' alike.

    Python is the one that runs this, and leaves no bytecode; pytest finds no plugins that happen to be installed;
    make does not take itself for the child of a make that started this, which would add lines to what it prints.
    """
    folder = str(Path(sys.executable).parent)
    return {
        **{name: value for name, value in os.environ.items() if name not in OF_A_MAKE},
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def _command_reason(command: str, workspace: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S602 - commands of a suite are written for a shell
            command,
            shell=True,
            cwd=workspace,
            env=command_environment(),
            timeout=COMMAND_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return f"{command!r} ran longer than {COMMAND_SECONDS:g} s"
    if done.returncode == 0:
        return ""
    return f"{command!r} exited with {done.returncode}: {' '.join(done.stdout.split())[-200:]}"
