"""What the tools give: named tuples, with the stubs by which the model and the check know them."""

from __future__ import annotations

from typing import NamedTuple


class TestFailure(NamedTuple):
    """A test that failed, or could not be run."""

    name: str
    file: str  # relative to the project's folder, "" where nobody said
    line: int  # 1-based, 0 where nobody said
    message: str


class TestRun(NamedTuple):
    """What a run of the tests gave."""

    passed: int
    failed: int
    errors: int
    skipped: int
    failures: list[TestFailure]
    output: str
    exit_code: int


class Diagnostic(NamedTuple):
    """What a linter or a type checker says of one place."""

    path: str
    line: int
    column: int
    code: str
    message: str


class GitStatus(NamedTuple):
    """What differs from the last commit, as paths."""

    branch: str
    staged: list[str]
    modified: list[str]
    untracked: list[str]


class Commit(NamedTuple):
    """One commit."""

    hash: str
    author: str
    date: str
    subject: str


class Symbol(NamedTuple):
    """Something that a file defines."""

    name: str
    kind: str
    line: int
    end_line: int
    parent: str


class Reference(NamedTuple):
    """One place at which a name stands."""

    path: str
    line: int
    column: int
    text: str


KINDS: tuple[type[tuple[object, ...]], ...] = (TestFailure, TestRun, Diagnostic, GitStatus, Commit, Symbol, Reference)

for _kind in KINDS:
    _kind.__module__ = "__main__"  # Monty shows a named tuple with its module otherwise


def stub_of(kind: type) -> str:
    """`kind` as Python source, on one line: every token of it is read by the model."""
    types = {name: getattr(given, "__forward_arg__", given) for name, given in kind.__annotations__.items()}
    fields = "; ".join(f"{name}: {type_}" for name, type_ in types.items())
    return f"class {kind.__name__}(NamedTuple): {fields}\n"
