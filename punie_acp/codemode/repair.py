"""What is put right before a program is checked, where its meaning is plain. The user is told of each repair.

Each rule looks at one kind of thing that Monty 1.4 cannot run, or that models write by mistake, and edits the text in
place: every line stays where it is.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.generators import collect_generators
from punie_acp.codemode.source import Source, bound_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FENCE = re.compile(r"\A\s*```[ \t]*(?:python3?|py)?[ \t]*\r?\n(.*?)\r?\n?[ \t]*```\s*\Z", re.DOTALL | re.IGNORECASE)
_ANSWER_AT_ONCE = frozenset({*FUNCTIONS, "open", "print"})
_EXCEPTIONS = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, Exception)
)


@dataclass(frozen=True, slots=True)
class Repaired:
    """A program after its repairs, and one sentence for each of them."""

    code: str
    notes: tuple[str, ...] = ()


def repair(code: str) -> Repaired:
    """The program, ready to be checked. One that cannot be parsed comes back as it is."""
    notes: list[str] = []
    fenced = _FENCE.match(code)
    if fenced:
        code = fenced[1]
        notes.append("The Markdown fence around the program was taken off.")
    for rule in _RULES:
        code = _apply(rule, code, notes)
    return Repaired(code, tuple(dict.fromkeys(notes)))


def _apply(rule: Callable[[Source], Iterator[str]], code: str, notes: list[str]) -> str:
    """`code` after `rule`, unless that would leave no valid Python or move a line."""
    try:
        source = Source(code)
        found = list(rule(source))
        if not source.changed:
            return code
        repaired = source.edited()
        ast.parse(repaired)
    except (SyntaxError, ValueError, RecursionError):
        return code
    if not _same_lines(code, repaired):
        return code
    notes += found
    return repaired


def _same_lines(before: str, after: str) -> bool:
    """Whether no line has moved; something may have been added after the last one."""
    return after.count("\n") >= before.count("\n")


def _deletions(source: Source) -> Iterator[str]:
    for node in source.nodes():
        if isinstance(node, ast.Delete):
            parts = [_deletion(source, target) for target in node.targets]
            if all(parts):
                source.replace_node(node, "; ".join(part for part in parts if part))
                yield "`del` was written as an assignment or `pop`, which the sandbox can run."


def _deletion(source: Source, target: ast.expr) -> str | None:
    if isinstance(target, ast.Name):
        return f"{target.id} = None"
    if isinstance(target, ast.Subscript):
        if isinstance(target.slice, ast.Slice):
            return f"{source.text_of(target)} = []"
        return f"{source.text_of(target.value)}.pop({source.text_of(target.slice)})"
    return None


def _exception_classes(source: Source) -> Iterator[str]:
    """`class MyError(Exception): pass` → `MyError = Exception`: Monty has no inheritance."""
    known = set(_EXCEPTIONS)
    for node in source.nodes():
        if isinstance(node, ast.ClassDef) and len(node.bases) == 1 and not node.keywords and not node.decorator_list:
            base = node.bases[0]
            if isinstance(base, ast.Name) and base.id in known and _is_empty(node.body):
                known.add(node.name)
                source.replace_node(node, f"{node.name} = {base.id}")
                yield f"The exception class {node.name} was replaced by {base.id}, for the sandbox has no inheritance."


def _is_empty(body: list[ast.stmt]) -> bool:
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in body
    )


def _object_bases(source: Source) -> Iterator[str]:
    """`class A(object):` → `class A:`."""
    for node in source.nodes():
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] in (["object"], ["ABC"]):
            start = source.start(node.bases[0])
            opening = start - 1 - (len(between) - len(between.rstrip())) if (between := source.part(0, start)) else 0
            closing = source.part(source.end(node.bases[0]), source.end(node)).index(")") + source.end(node.bases[0])
            while source.part(opening, opening + 1) != "(":
                opening -= 1
            source.replace(opening, closing + 1, "")
            yield f"The base class of {node.name} was left out, for the sandbox has no inheritance."


def _static_methods(source: Source) -> Iterator[str]:
    """`@staticmethod` goes: a plain function of a class is called the same way through the class."""
    for owner in source.nodes():
        if not isinstance(owner, ast.ClassDef):
            continue
        for method in owner.body:
            if isinstance(method, ast.FunctionDef) and _decorators(method) == ["staticmethod"]:
                receivers = _receivers(source.tree, method.name)
                _blank_decorator(source, method)
                if receivers - {owner.name}:
                    if owner.name in receivers:
                        _call_through_instance(source, owner.name, method.name)
                    _add_self(source, method)
                yield f"@staticmethod of {method.name} was replaced, for the sandbox has none."


def _properties(source: Source) -> Iterator[str]:
    """`@property` becomes a method, and each use of the attribute a call of it."""
    properties = {
        method.name: method
        for owner in source.nodes()
        if isinstance(owner, ast.ClassDef)
        for method in owner.body
        if isinstance(method, ast.FunctionDef) and _decorators(method) in (["property"], ["cached_property"])
    }
    for method in properties.values():
        _blank_decorator(source, method)
        yield f"The property {method.name} was made a method, for the sandbox has none."
    for node in source.nodes():
        if isinstance(node, ast.Attribute) and node.attr in properties and isinstance(node.ctx, ast.Load):
            source.insert(source.end(node), "()")


def _decorators(method: ast.FunctionDef) -> list[str]:
    return [ast.unparse(decorator) for decorator in method.decorator_list]


def _blank_decorator(source: Source, method: ast.FunctionDef) -> None:
    decorator = method.decorator_list[0]
    source.replace(source.start(decorator) - 1, source.end(decorator), "")


def _receivers(tree: ast.Module, method: str) -> set[str]:
    return {
        ast.unparse(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == method
    }


def _call_through_instance(source: Source, owner: str, method: str) -> None:
    """`Owner.method(x)` gets the `self` that the method now has."""
    for node in source.nodes():
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"{owner}.{method}":
            opening = source.part(source.end(node.func), source.end(node)).index("(") + source.end(node.func)
            source.insert(opening + 1, "None, " if node.args or node.keywords else "None")


def _add_self(source: Source, method: ast.FunctionDef) -> None:
    text = source.text_of(method)
    opening = text.index("(", text.index(method.name))
    arguments = method.args
    some = arguments.posonlyargs or arguments.args or arguments.vararg or arguments.kwonlyargs or arguments.kwarg
    source.insert(source.start(method) + len(text[: opening + 1].encode()), "self, " if some else "self")


def _superfluous_awaits(source: Source) -> Iterator[str]:
    """`await read_file(…)`: external functions answer at once."""
    own = bound_names(source.tree)
    for node in source.nodes():
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Name) and called.id in _ANSWER_AT_ONCE - own:
                source.replace(source.start(node), source.start(node.value), "")
                yield f"`await` before {called.id} was left out: it answers at once."


def _missing_awaits(source: Source) -> Iterator[str]:
    """`main()` at the top level, where main is a coroutine function of the program."""
    coroutines = {node.name for node in source.tree.body if isinstance(node, ast.AsyncFunctionDef)}
    for statement in _top_level(source.tree.body):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            called = statement.value.func
            if isinstance(called, ast.Name) and called.id in coroutines:
                source.insert(source.start(statement), "await ")
                yield f"{called.id}() was awaited; without that it would not have run."


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _top_level(statement.body)
            yield from _top_level(statement.orelse)


def _module_called(source: Source) -> Iterator[str]:
    """`import glob; glob("*")` → `glob.glob("*")`, and `from glob import glob; glob.glob("*")` → `glob("*")`."""
    modules = {
        alias.name
        for node in source.nodes()
        if isinstance(node, ast.Import)
        for alias in node.names
        if not alias.asname
    }
    functions = {
        alias.name
        for node in source.nodes()
        if isinstance(node, ast.ImportFrom) and node.level == 0
        for alias in node.names
        if alias.name == node.module and not alias.asname
    }
    for node in source.nodes():
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        for name in ("glob", "copy", "time", "random", "pprint"):
            if isinstance(called, ast.Name) and called.id == name and name in modules - functions:
                source.insert(source.end(called), f".{name}")
                yield f"{name}(…) was read as {name}.{name}(…)."
            elif name in functions - modules and ast.unparse(called) == f"{name}.{name}":
                source.replace_node(called, name)
                yield f"{name}.{name}(…) was read as {name}(…)."


_RULES: tuple[Callable[[Source], Iterator[str]], ...] = (
    _deletions,
    _exception_classes,
    _object_bases,
    _static_methods,
    _properties,
    collect_generators,
    _superfluous_awaits,
    _missing_awaits,
    _module_called,
)
