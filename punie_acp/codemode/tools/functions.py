"""The tools of a project as further functions of its programs: each only where the project has what it needs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from punie_acp.codemode.extra import ExtraFunction
from punie_acp.codemode.tools import git
from punie_acp.codemode.tools.checking import check
from punie_acp.codemode.tools.code import references, symbols
from punie_acp.codemode.tools.patching import apply_patch
from punie_acp.codemode.tools.testing import run_tests
from punie_acp.codemode.tools.values import (
    Commit,
    Diagnostic,
    GitStatus,
    Reference,
    Symbol,
    TestFailure,
    TestRun,
    stub_of,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.functions import Place
    from punie_acp.codemode.tools.detecting import ProjectTools

_PATH = "path: str | None = None"


def tool_functions(place: Place, tools: ProjectTools) -> tuple[ExtraFunction, ...]:
    """What programs may call of `tools`."""
    return tuple(_functions(place, tools))


def _functions(place: Place, tools: ProjectTools) -> Iterator[ExtraFunction]:
    if tools.tests is not None:
        stub = f"def run_tests({_PATH}) -> TestRun: ...  # {tools.tests.name}; of a file, or all"
        yield _function(stub, partial(run_tests, place, tools.tests), TestFailure, TestRun)
    if tools.checker is not None:
        stub = f"def type_check({_PATH}) -> list[Diagnostic]: ...  # {tools.checker.name}"
        yield _function(stub, partial(check, place, tools.checker), Diagnostic)
    if tools.linter is not None:
        stub = f"def lint({_PATH}) -> list[Diagnostic]: ...  # {tools.linter.name}"
        yield _function(stub, partial(check, place, tools.linter), Diagnostic)
    if tools.git_top is not None:
        stub = "def git_status() -> GitStatus: ...  # changed files"
        yield _function(stub, partial(git.git_status, place, tools.git_top), GitStatus)
        stub = f"def git_diff({_PATH}) -> str: ...  # changes since the last commit"
        yield _function(stub, partial(git.git_diff, place))
        stub = "def git_log(count: int = 10) -> list[Commit]: ...  # the last commits"
        yield _function(stub, partial(git.git_log, place), Commit)
    if tools.has_code:
        stub = "def symbols(path: str) -> list[Symbol]: ...  # classes, functions, variables that a file defines"
        yield _function(stub, partial(symbols, place), Symbol)
        stub = "def references(name: str) -> list[Reference]: ...  # where a name stands in the code"
        yield _function(stub, partial(references, place), Reference)
    stub = "def apply_patch(patch: str) -> list[str]: ...  # a unified diff; all of it or nothing"
    yield _function(stub, partial(apply_patch, place))


def _function(stub: str, planner: Callable[..., Awaitable[Plan]], *types: type) -> ExtraFunction:
    name = stub.removeprefix("def ").partition("(")[0]

    async def plan(args: tuple[object, ...], kwargs: dict[str, object]) -> Plan:
        return await planner(*args, **kwargs)

    return ExtraFunction(name, f"{stub}\n", plan, "".join(map(stub_of, types)))
