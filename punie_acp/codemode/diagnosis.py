"""What the type checker found: whether it is certain to fail, and how to put it right."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.codemode.binding import bind, parameters_of
from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.lowering.modules import MODULES, WITHOUT_MEANING

if TYPE_CHECKING:
    from collections.abc import Iterable

NETWORK_MODULES = frozenset(
    [
        "aiohttp",
        "ftplib",
        "http",
        "httpx",
        "imaplib",
        "paramiko",
        "poplib",
        "requests",
        "smtplib",
        "socket",
        "socketserver",
        "ssl",
        "telnetlib",
        "urllib",
        "urllib3",
        "websocket",
        "websockets",
        "xmlrpc",
    ]
)
SERVED = MODULES | WITHOUT_MEANING
"""Modules that are there although the type checker does not know them, or not all of their parts."""
_ARGUMENT_RULES = {"missing-argument", "unknown-argument", "too-many-positional-arguments"}
_NO_EXTRA = ExtraFunctions()
_QUOTED = re.compile(r"`([^`]*)`")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding of ty, with its place in the program (both counted from 1)."""

    rule: str
    message: str
    line: int
    column: int


def is_certain(finding: Diagnosis, code: str, tree: ast.Module | None, extra: ExtraFunctions = _NO_EXTRA) -> bool:
    """Whether the program is bound to fail there (and does not itself provide for it)."""
    if finding.line < 1 or _is_tried(finding.line, tree):
        return False
    rule, message = finding.rule, finding.message
    if rule == "unresolved-reference":
        return "NameError" not in code and not hasattr(builtins, _subject(message))
    if rule == "unresolved-import":
        served = _subject(message).partition(".")[0] in SERVED
        return message.startswith("Cannot resolve imported module") and not served
    if rule == "unresolved-attribute":
        return bool(re.search(r"`(Result|Match)`", message)) or _subject(message) in extra.dicts
    if rule == "missing-typed-dict-key":
        return _subject(message) in extra.dicts
    known = _function(message) in FUNCTIONS or _function(message) in extra.by_name
    return known and not _may_be_the_dict(message, extra) and _is_certain_misuse(finding, tree)


def _is_certain_misuse(finding: Diagnosis, tree: ast.Module | None) -> bool:
    """Whether an external function is called in a way that it is certain not to take."""
    if finding.rule == "invalid-argument-type":
        return _is_plainly_wrong(finding.message)
    return finding.rule in _ARGUMENT_RULES and not _uses_other_names(finding, tree)


def _may_be_the_dict(message: str, extra: ExtraFunctions) -> bool:
    """Whether a plain dict stands for one with known keys: a variable may hold the right ones all the same."""
    expected, _, found = message.partition(", found")
    return "dict[" in found and any(word in extra.dicts for word in re.findall(r"\w+", expected))


def _is_tried(line: int, tree: ast.Module | None) -> bool:
    """Whether `line` stands in a `try` that expects something to go wrong."""
    if tree is None:
        return False
    return any(
        isinstance(node, ast.Try) and node.handlers and node.lineno <= line <= (node.body[-1].end_lineno or 0)
        for node in ast.walk(tree)
    )


def _uses_other_names(finding: Diagnosis, tree: ast.Module | None) -> bool:
    """Whether the call there only names a parameter as other tools do (`filename` for `path`), which is accepted."""
    function = _function(finding.message)
    calls = [
        node
        for node in ast.walk(tree or ast.Module([], []))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
        and node.lineno <= finding.line <= (node.end_lineno or 0)
    ]
    return function in FUNCTIONS and any(_binds(function, call) for call in calls)


def _binds(function: str, call: ast.Call) -> bool:
    try:
        given = {keyword.arg or "**": None for keyword in call.keywords}
        bind(function, FUNCTIONS[function], tuple(call.args), given)
    except TypeError:
        return False
    return True


def _is_plainly_wrong(message: str) -> bool:
    found = message.rsplit("found", 1)[-1]
    return not re.search(r"\||Unknown|Any|object|Never|@", found)


def find_fix(finding: Diagnosis, known: set[str], extra: ExtraFunctions = _NO_EXTRA) -> str:
    """The finding in Python's words, with the likely fix."""
    subject = _subject(finding.message)
    if finding.rule == "unresolved-reference":
        names = [*known, *FUNCTIONS, *extra.by_name, *dir(builtins)]
        return f"NameError: name '{subject}' is not defined{_suggest(subject, names)}"
    if finding.rule == "unresolved-import":
        return f"ModuleNotFoundError: {_no_module(subject)}"
    if finding.rule == "missing-typed-dict-key":
        return f"TypeError: {finding.message.replace('`', chr(39))}"
    if finding.rule == "unresolved-attribute" and subject in extra.dicts:
        name = (_QUOTED.findall(finding.message) or [""])[-1]
        return f"AttributeError: this is a dict, so write [{name!r}] instead of .{name}"
    if finding.rule == "unresolved-attribute":
        fields = "exit_code, stdout, stderr" if "`Result`" in finding.message else "path, line, text"
        return f"AttributeError: {finding.message.replace('`', chr(39))}; it has {fields}"
    return f"TypeError: {_arguments(finding, extra)}"


_INSTEAD = {
    "pandas": 'read CSV files with the module csv: `csv.DictReader(open("file.csv"))`',
    "numpy": "use math, statistics and lists",
    "yaml": "read the lines with re",
    "toml": 'use tomllib: `tomllib.loads(read_file("file.toml"))`',
    "unittest": 'run tests with `run_command("python -m unittest")`',
    "pytest": 'run tests with `run_command("python -m pytest -q")`',
    "git": 'use git through `run_command("git log --oneline")`',
}
"""What to do without the modules that models reach for most."""


def _no_module(module: str) -> str:
    if module.split(".", maxsplit=1)[0] in NETWORK_MODULES:
        return f"there is no {module!r} here: programs have no network"
    name = module.split(".", maxsplit=1)[0]
    if name in _INSTEAD:
        return f"there is no module {module!r} here; {_INSTEAD[name]}"
    if name in sys.stdlib_module_names:
        return f"{module!r} is not there in this sandbox; run_command can run the project's own Python"
    return (
        f"there is no module {module!r} here, only the standard library; run_command can run the project's own Python"
    )


def _arguments(finding: Diagnosis, extra: ExtraFunctions) -> str:
    function = _function(finding.message)
    message = finding.message.replace("`", "'")
    takes = extra.by_name[function].parameters if function in extra.by_name else parameters_of(function)
    return f"{message}; {function} takes {takes}"


def _subject(message: str) -> str:
    found = _QUOTED.search(message)
    return found[1] if found else ""


def _function(message: str) -> str:
    found = re.search(r"function `(\w+)`", message)
    return found[1] if found else ""


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, set(known), n=1, cutoff=0.75)
    return f"; did you mean {close[0]!r}?" if close else ""
