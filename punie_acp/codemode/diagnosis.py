"""What the type checker found: whether it is certain to fail, and how to put it right."""

from __future__ import annotations

import ast
import builtins
import difflib
import inspect
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.codemode.binding import bind, parameters_of
from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.codemode.functions import ALIASES, FUNCTIONS
from punie_acp.codemode.librarycheck import method_hint
from punie_acp.codemode.librarystubs import TYPED
from punie_acp.codemode.lowering.modules import MODULES, WITHOUT_MEANING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from punie_acp.codemode.source import Syntax

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


def is_certain(finding: Diagnosis, code: str, syntax: Syntax, extra: ExtraFunctions = _NO_EXTRA) -> bool:
    """Whether the program is bound to fail there (and does not itself provide for it)."""
    if finding.line < 1 or _is_tried(finding.line, syntax):
        return False
    rule, message = finding.rule, finding.message
    if rule == "unresolved-reference":
        return "NameError" not in code and not hasattr(builtins, _subject(message))
    if rule == "unresolved-import":
        served = _subject(message).partition(".")[0] in SERVED
        return message.startswith("Cannot resolve imported module") and not served
    if rule == "unresolved-attribute":
        return (
            bool(re.search(r"`(Result|Match)`", message))
            or _subject(message) in {*extra.dicts, *extra.named_tuples, *TYPED}
            or _lacks(message)
        )
    if rule == "missing-typed-dict-key":
        return _subject(message) in extra.dicts
    return _key_of_result(finding) is not None or _is_wrong_call(finding, syntax, extra)


def _key_of_result(finding: Diagnosis) -> tuple[str, str] | None:
    """The type and the key, where an entry of one of our named tuples is asked for as if it were a dictionary."""
    found = _KEY.search(finding.message) if finding.rule == "invalid-argument-type" else None
    return (found[2], found[1]) if found is not None and found[2] in _OWN_FIELDS else None


_KEY = re.compile(r'`__getitem__` .* key of type `Literal\["(\w+)"\]` on object of type `(\w+)`$')


_OWN_FIELDS = {"Result": "exit_code, stdout, stderr", "Match": "path, line, text"}
"""The types of the results of external functions that have attributes, and which."""


def _is_wrong_call(finding: Diagnosis, syntax: Syntax, extra: ExtraFunctions) -> bool:
    """Whether a function is called in a way that it does not take: an external one, or one of the program."""
    message = finding.message
    if finding.rule in _ARGUMENT_RULES and _function(message) in _own_functions(syntax):
        return True
    known = _function(message) in FUNCTIONS or _function(message) in extra.by_name
    return known and not _may_be_the_dict(message, extra) and _is_certain_misuse(finding, syntax)


_BUILTIN = re.compile(r"^(?:(str|int|float|bytes)|LiteralString|(list|dict|set|tuple)\[.*\]|Literal\[(\W?).*\])$")


def _builtin_type(message: str) -> str:
    """The builtin type of the object that a finding is about; nothing where it is another or may be."""
    found = _BUILTIN.match(_subject(message))
    if found is None:
        return ""
    return found[1] or found[2] or ("int" if _subject(message)[8:9].isdigit() else "str")


def _lacks(message: str) -> bool:
    """Whether it is a builtin type that lacks an attribute, in Python itself too."""
    kind, name = _builtin_type(message), (_QUOTED.findall(message) or [""])[-1]
    return kind in {"str", "list", "dict"} and message.startswith("Object of type") and _is_nowhere(name)


def _is_nowhere(name: str) -> bool:
    """Whether no other builtin type has it either: a variable may hold another type than the checker believes."""
    others = (str, list, dict, set, tuple, bytes, int, float)
    of_members = name in {"name", "value"}  # of an enumeration, which the checker takes for its members' values
    return (not of_members and not any(hasattr(kind, name) for kind in others)) or name in _NEVER_TEXT


_NEVER_TEXT = frozenset({"append", "readlines", "push"})


def _own_functions(syntax: Syntax) -> set[str]:
    """The functions of a program that are defined once, at the top, and are what they seem."""
    names = [node.name for node in syntax.nodes if isinstance(node, ast.FunctionDef)]
    plain = {node.name for node in syntax.tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list}
    return {name for name in plain if names.count(name) == 1}


def _is_certain_misuse(finding: Diagnosis, syntax: Syntax) -> bool:
    """Whether an external function is called in a way that it is certain not to take."""
    if finding.rule == "invalid-argument-type":
        return _is_plainly_wrong(finding.message)
    return finding.rule in _ARGUMENT_RULES and not _uses_other_names(finding, syntax)


def _may_be_the_dict(message: str, extra: ExtraFunctions) -> bool:
    """Whether a plain dict stands for one with known keys: a variable may hold the right ones all the same."""
    expected, _, found = message.partition(", found")
    return "dict[" in found and any(word in extra.dicts for word in re.findall(r"\w+", expected))


def _is_tried(line: int, syntax: Syntax) -> bool:
    """Whether `line` stands in a `try` that expects something to go wrong."""
    return any(
        isinstance(node, ast.Try) and node.handlers and node.lineno <= line <= (node.body[-1].end_lineno or 0)
        for node in syntax.nodes
    )


def _uses_other_names(finding: Diagnosis, syntax: Syntax) -> bool:
    """Whether the call there only names a parameter as other tools do (`filename` for `path`), which is accepted."""
    function = _function(finding.message)
    calls = [
        node
        for node in syntax.nodes
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


def find_fix(finding: Diagnosis, known: set[str], syntax: Syntax, extra: ExtraFunctions = _NO_EXTRA) -> str:
    """The finding in Python's words, with the likely fix."""
    subject = _subject(finding.message)
    if finding.rule == "unresolved-reference":
        names = [*known, *FUNCTIONS, *extra.by_name, *dir(builtins)]
        return f"NameError: name '{subject}' is not defined{_suggest(subject, names)}"
    if finding.rule == "unresolved-import":
        return f"ModuleNotFoundError: {_no_module(subject)}"
    if finding.rule == "missing-typed-dict-key":
        return f"TypeError: {finding.message.replace('`', chr(39))}"
    if finding.rule == "unresolved-attribute":
        return f"AttributeError: {_attributes(finding, extra)}"
    if (keyed := _key_of_result(finding)) is not None:
        kind, key = keyed
        return f"TypeError: a {kind} is no dict, so write .{key} instead of [{key!r}]; it has {_OWN_FIELDS[kind]}"
    return f"TypeError: {_arguments(finding, extra, syntax)}"


def _attributes(finding: Diagnosis, extra: ExtraFunctions) -> str:
    """An attribute that an object lacks, and what it has instead."""
    name = (_QUOTED.findall(finding.message) or [""])[-1]
    if _subject(finding.message) in extra.dicts:
        return f"this is a dict, so write [{name!r}] instead of .{name}"
    kind = _builtin_type(finding.message)
    if kind:
        hint = method_hint(kind, name)
        return f"'{kind}' object has no attribute '{name}'" + (f"; {hint}" if hint else "")
    typed = _OWN_FIELDS | TYPED | dict(extra.named_tuples)
    fields = next(fields for name, fields in typed.items() if f"`{name}`" in finding.message)
    return f"{finding.message.replace('`', chr(39))}; it has {fields}"


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
    file = f"{module.replace('.', '/')}.py" if "." in module else f"{module}/….py"
    return (
        f"there is no module {module!r} here, only the standard library; to see the project's own code, "
        f"read_file({file!r}), to run it, run_command('python -c …'), to change it, save_definition(path, name)"
    )


def _arguments(finding: Diagnosis, extra: ExtraFunctions, syntax: Syntax) -> str:
    function = _function(finding.message)
    message = finding.message.replace("`", "'")
    if function in extra.by_name:
        return f"{message}; {function} takes {extra.by_name[function].parameters}"
    if function not in FUNCTIONS:
        return message
    takes = parameters_of(function)
    wrong = _subject(finding.message)
    if finding.rule == "unknown-argument":
        meant = _likely(function, wrong, syntax)
        return f"{function} takes {meant}, not {wrong}" if meant else f"{function} takes {takes}, and no {wrong}"
    return f"{message}; {function} takes {takes}"


def _likely(function: str, wrong: str, syntax: Syntax) -> str:
    """The parameter that was probably meant: one of a like name, or one that must be given and is not."""
    parameters = list(inspect.signature(FUNCTIONS[function]).parameters.values())[1:]
    names = [one.name for one in parameters]
    calls = [node for node in syntax.nodes if isinstance(node, ast.Call)]
    call = next((one for one in calls if any(keyword.arg == wrong for keyword in one.keywords)), None)
    given = {keyword.arg for keyword in call.keywords} | set(names[: len(call.args)]) if call else set[str | None]()
    close = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    part = [name for name in names if name in wrong or any(other in wrong for other in ALIASES.get(name, ()))]
    needed = [one.name for one in parameters if one.default is one.empty]
    return next((name for name in [*close, *part, *needed] if name not in given), "")


def _subject(message: str) -> str:
    found = _QUOTED.search(message)
    return found[1] if found else ""


def _function(message: str) -> str:
    found = re.search(r"function `(\w+)`", message)
    return found[1] if found else ""


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, set(known), n=1, cutoff=0.75)
    return f"; did you mean {close[0]!r}?" if close else ""
