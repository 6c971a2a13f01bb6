"""What a suite is made of: projects, tasks on them, and the checks that tell whether a task was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from pathlib import Path

Category = Literal["direct", "single", "read", "edit"]
"""A direct answer; one tool call; several that only read; several that edit, verified by tests."""
CATEGORIES: tuple[Category, ...] = get_args(Category)

CheckKind = Literal[
    "answer_has",  # every text of the tuple stands in the answer, case and white space aside; "a|b" = either
    "answer_number",  # the number stands in the answer
    "answer_matches",  # the regular expression is found in the answer
    "answer_lacks",  # no text of the tuple stands in the answer
    "file_equals",  # the file at `path` has this text, but for white space at line ends and at its end
    "file_has",  # it has each of these texts
    "file_lacks",  # it has none of these texts
    "file_absent",  # there is no such file
    "command",  # the command exits with 0 in the workspace
    "only_changed",  # no file but these (or like them: "build/*") was changed, made or deleted; () means none
]
CHECK_KINDS: tuple[CheckKind, ...] = get_args(CheckKind)
Official = Literal["official"]
"""The kind of a check that is another suite's own code; `value` says what it wants to see."""
Split = Literal["dev", "test"]


@dataclass(frozen=True, slots=True)
class Check:
    """One condition on the answer or on the workspace after the turn."""

    kind: CheckKind | Official
    value: str | float | tuple[str, ...] = ""
    path: str = ""  # relative to the workspace, for the kinds that look into one file

    @property
    def texts(self) -> tuple[str, ...]:
        """The value as texts."""
        return self.value if isinstance(self.value, tuple) else (str(self.value),)


@dataclass(frozen=True, slots=True)
class Task:
    """One prompt on a project, and when it was answered rightly."""

    id: str  # "<project>/<name>"
    project: str
    split: Split
    category: Category
    prompt: str
    checks: tuple[Check, ...]
    program: str = ""  # the reference solution: a program that the sandbox runs; "" for a direct answer
    answer: str = ""  # the reference's answer; "{output}" stands for what the program printed


@dataclass(frozen=True, slots=True)
class Project:
    """A small project that tasks are about."""

    name: str
    folder: Path  # its files, to be copied
    split: Split
    language: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check; `reason` says what was wrong where it failed."""

    check: Check
    passed: bool
    reason: str = ""
