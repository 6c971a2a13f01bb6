"""Short ways to make the nodes that the rewriting needs, and to ask about those of a program."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
Node = TypeVar("Node", bound=ast.AST)


def name(text: str) -> ast.Name:
    """`text`, read."""
    return ast.Name(text, ast.Load())


def store(text: str) -> ast.Name:
    """`text`, written."""
    return ast.Name(text, ast.Store())


def call(function: str | ast.expr, *arguments: ast.expr, **keywords: ast.expr) -> ast.Call:
    """`function(arguments, …)`."""
    called = name(function) if isinstance(function, str) else function
    return ast.Call(called, list(arguments), [ast.keyword(key, value) for key, value in keywords.items()])


def text(value: str) -> ast.Constant:
    """A string."""
    return ast.Constant(value)


def number(value: int) -> ast.Constant:
    """A number."""
    return ast.Constant(value)


def texts(values: Sequence[str]) -> ast.Tuple:
    """A tuple of strings."""
    return ast.Tuple([text(value) for value in values], ast.Load())


def attribute(value: str | ast.expr, attr: str) -> ast.Attribute:
    """`value.attr`, read."""
    return ast.Attribute(name(value) if isinstance(value, str) else value, attr, ast.Load())


def assign(target: str | ast.expr, value: ast.expr) -> ast.Assign:
    """`target = value`."""
    return ast.Assign([store(target) if isinstance(target, str) else target], value)


def statement(value: ast.expr) -> ast.Expr:
    """`value` as a statement."""
    return ast.Expr(value)


def at(node: ast.AST, *made: Node) -> list[Node]:
    """`made`, standing where `node` stands."""
    for one in made if hasattr(node, "lineno") else ():
        for part in ast.walk(one):
            if not hasattr(part, "lineno") and isinstance(part, ast.stmt | ast.expr | ast.ExceptHandler | ast.pattern):
                part.lineno = part.end_lineno = node.lineno  # type: ignore[attr-defined]
                part.col_offset = part.end_col_offset = 0
    return list(made)


def own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Every node of `body` but those inside functions and classes defined there."""
    waiting = list(body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, Scope):
            waiting += ast.iter_child_nodes(node)


def yields(node: ast.AST) -> bool:
    """Whether a function is a generator."""
    if not isinstance(node, Function):
        return False
    return any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own_nodes(node.body))


def stored_names(body: Sequence[ast.AST]) -> list[str]:
    """The names that `body` binds in its own scope, in the order in which they are first bound."""
    found: dict[str, None] = {}
    for node in _without_comprehension_targets(body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.alias):
            found[(node.asname or node.name).split(".")[0]] = None
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found[node.name] = None
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found[node.rest] = None
    return list(found)


def _without_comprehension_targets(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    waiting = list(body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if isinstance(node, ast.comprehension):
            waiting += [node.iter, *node.ifs]
        elif not isinstance(node, Scope):
            waiting += ast.iter_child_nodes(node)


def called_name(node: ast.AST) -> str:
    """`f` of `f(…)`; nothing for any other node."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def dotted(node: ast.AST | None) -> str:
    """`a.b.c` of such an expression; nothing for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
