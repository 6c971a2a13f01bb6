"""The rewriting of one program: what it needs, in the order in which it can be done."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from punie_acp.codemode.rewriting.classes import Classes
from punie_acp.codemode.rewriting.emit import Lines, emit
from punie_acp.codemode.rewriting.exceptions import ExceptionObjects, needs_objects
from punie_acp.codemode.rewriting.iteration import Asynchronous, GeneratorFunctions, Iteration
from punie_acp.codemode.rewriting.knowledge import Knowledge, is_ignored_base
from punie_acp.codemode.rewriting.objects import SPECIAL_ATTRIBUTES, Objects
from punie_acp.codemode.rewriting.syntax import Function, called_name, dotted, yields
from punie_acp.codemode.source import imported_modules, syntax_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_CALLED_BY_MONTY = frozenset(
    [
        "__init__",
        "__repr__",
        "__str__",
        "__eq__",
        "__hash__",
        "__call__",
        "__contains__",
        "__getitem__",
        "__setitem__",
        "__iter__",
        "__next__",
        "__enter__",
        "__exit__",
        "__add__",
        "__sub__",
        "__mul__",
        "__rmul__",
        "__radd__",
        "__truediv__",
        "__neg__",
        "__abs__",
        "__post_init__",
        "__int__",
        "__float__",
        "__index__",
        "__and__",
        "__or__",
        "__floordiv__",
        "__mod__",
        "__pow__",
        "__round__",
        "__invert__",
        "__rsub__",
    ]
)
_FIELD_READERS = frozenset({"asdict", "astuple", "replace", "fields", "is_dataclass"})
_ASKING = _FIELD_READERS | {"vars", "dir", "delattr"}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A program as Monty can compile it, and what the session knows once it has run."""

    code: str
    lines: Lines = field(default_factory=Lines)
    knowledge: Knowledge = field(default_factory=Knowledge)
    notes: tuple[str, ...] = ()  # one sentence for each kind of thing that was written in another way
    changed: bool = False


def rewrite(code: str, knowledge: Knowledge) -> Rewritten:
    """The program without what Monty 1.4 lacks; as it is where it needs nothing, or cannot be parsed."""
    try:
        nodes = syntax_of(code).nodes
        if not _needs_rewriting(nodes, knowledge):
            return Rewritten(code, knowledge=knowledge)
        notes = _notes(nodes)
        known = knowledge.copy()
        tree = ast.parse(code)
        _transform(tree, nodes, known)
        text, lines = emit(tree)
        syntax_of(text)
    except Exception:  # noqa: BLE001 - an unforeseen way of writing: Monty says what it cannot run of it
        return Rewritten(code, knowledge=knowledge)
    return Rewritten(text, lines, known, notes, changed=True)


def _notes(nodes: Sequence[ast.AST]) -> tuple[str, ...]:
    """What a user is told; all of it means the same as before."""
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef) and _is_more_than_plain(node)]
    generators = [
        node.name for node in nodes if yields(node) and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    notes: list[str] = []
    if classes:
        notes.append(f"{_listed('class', 'classes', classes)} written as plain classes, which is all the sandbox has.")
    if generators:
        notes.append(
            f"{_listed('generator', 'generators', generators)} written without yield, which the sandbox lacks."
        )
    if any(isinstance(node, ast.AsyncFor | ast.AsyncWith) for node in nodes):
        notes.append("`async for` and `async with` were spelled out, for the sandbox lacks them.")
    return tuple(notes)


def _listed(one: str, many: str, names: list[str]) -> str:
    names = list(dict.fromkeys(names))
    return f"The {one} {names[0]} was" if len(names) == 1 else f"The {many} {', '.join(names)} were"


def _transform(tree: ast.Module, nodes: Sequence[ast.AST], known: Knowledge) -> None:
    """Change `tree`; `nodes` are those of the program as it was written."""
    own_functions = _functions_asked_about(nodes, known)
    if any(_imports_sized(node) for node in nodes):
        known.dunders.add("__len__")
    if any(_imports_ordered(node) for node in nodes):
        known.dunders.add("__lt__")
    known.generators |= any(yields(node) for node in nodes)
    Asynchronous().visit(tree)
    Classes(known, with_fields=_reads_fields(nodes)).visit(tree)
    exceptions = any(info.kind == "exception" for info in known.classes.values())
    if exceptions or needs_objects(ast.walk(tree)):
        ExceptionObjects().visit(tree)
    Objects(known, own_functions).visit(tree)
    if known.generators:
        iteration = Iteration()
        tree.body = iteration.statements(tree.body)
        GeneratorFunctions().visit(tree)


def _needs_rewriting(nodes: Sequence[ast.AST], knowledge: Knowledge) -> bool:
    if knowledge.generators or knowledge.classes:
        return True
    return needs_objects(nodes) or any(_is_reason(node) for node in nodes)


def _is_reason(node: ast.AST) -> bool:
    if isinstance(node, ast.ClassDef):
        return _is_more_than_plain(node)
    if _imports_sized(node) or _imports_ordered(node):
        return True
    if isinstance(node, ast.Attribute):
        return node.attr in SPECIAL_ATTRIBUTES and dotted(node.value) not in {"type(self)", "self.__class__"}
    if called_name(node) in _ASKING:
        return True
    return isinstance(node, ast.AsyncFor | ast.AsyncWith) or yields(node)


def _imports_sized(node: ast.AST) -> bool:
    """Whether a module is imported whose objects have a length, which Monty does not ask objects for."""
    return any(one.partition(".")[0] in {"xml", "configparser"} for one in imported_modules([node]))


def _imports_ordered(node: ast.AST) -> bool:
    """Whether a module is imported whose objects have an order, which Monty does not ask objects for."""
    return "fractions" in imported_modules([node])


def _is_more_than_plain(node: ast.ClassDef) -> bool:
    if node.keywords or any(not is_ignored_base(base) for base in node.bases) or node.bases:
        return True
    return any(_is_more_than_a_method(part) for part in node.body) or any(
        isinstance(one, ast.Call) for one in node.decorator_list
    )


def _is_more_than_a_method(part: ast.stmt) -> bool:
    if isinstance(part, ast.ClassDef):
        return True
    if isinstance(part, ast.AnnAssign) and isinstance(part.value, ast.Call):
        return any(keyword.arg in {"init", "repr", "compare"} for keyword in part.value.keywords)
    if not isinstance(part, Function):
        return False
    special = part.name.startswith("__") and part.name.endswith("__") and part.name not in _CALLED_BY_MONTY
    return bool(part.decorator_list) or special


def _reads_fields(nodes: Sequence[ast.AST]) -> bool:
    readers = {dotted(node.func).rpartition(".")[2] for node in nodes if isinstance(node, ast.Call)} & _FIELD_READERS
    return bool(readers)


def _functions_asked_about(nodes: Sequence[ast.AST], known: Knowledge) -> set[str]:
    """The functions whose names or attributes a program uses; their attributes are noted as ones to ask for."""
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    attributes = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id in functions
    }
    known.attributes |= attributes
    asks = attributes or any(
        isinstance(node, ast.Attribute) and node.attr in {"__name__", "__doc__", "__qualname__", "__wrapped__"}
        for node in nodes
    )
    return functions if asks else set()
