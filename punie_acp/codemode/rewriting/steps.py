"""Pieces of state machines: what is taken out of a statement, and the statements that lead from block to block."""

from __future__ import annotations

import ast

from punie_acp.codemode.rewriting.syntax import Function, Scope, assign, name, number, own_nodes


class Yields(ast.NodeTransformer):
    """Takes the yields out of a statement."""

    def __init__(self) -> None:
        self.found: list[tuple[str, ast.Yield | ast.YieldFrom]] = []

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Lambda):
            return node
        node = self.generic_visit(node)
        if isinstance(node, ast.Yield | ast.YieldFrom):
            self.found.append((f"_got_{len(self.found)}", node))
            return ast.copy_location(name(self.found[-1][0]), node)
        return node


class Reraise(ast.NodeTransformer):
    """A bare `raise` of a handler whose `try` is gone."""

    def __init__(self, error: str) -> None:
        self.error = error

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.copy_location(ast.Raise(name(self.error)), node) if node.exc is None else node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        return node  # its handlers have errors of their own


def is_cut(node: ast.stmt) -> bool:
    """Whether a statement has a `yield` in it, and so is cut into blocks."""
    return not isinstance(node, Scope) and any(
        isinstance(part, ast.Yield | ast.YieldFrom) for part in own_nodes([node])
    )


def declared(node: Function, kinds: tuple[type, ...]) -> dict[str, type]:
    """The names that a function declares as global or nonlocal."""
    return {one: type(part) for part in own_nodes(node.body) if isinstance(part, kinds) for one in part.names}  # type: ignore[attr-defined]


def jump(target: int) -> list[ast.stmt]:
    """Go on with another block."""
    return [assign("_at", number(target)), ast.Continue()]


def pair(more: bool, value: ast.expr) -> ast.Tuple:
    """What a step returns: whether there is a value, and the value."""
    return ast.Tuple([ast.Constant(more), value], ast.Load())


def is_end(variable: str) -> ast.Compare:
    """Whether a source gave nothing more."""
    return ast.Compare(name(variable), [ast.Is()], [name("_END")])


def is_not_none(variable: str) -> ast.Compare:
    """Whether a variable holds something."""
    return ast.Compare(name(variable), [ast.IsNot()], [ast.Constant(None)])


def arguments(*names: str) -> ast.arguments:
    """Plain parameters."""
    return ast.arguments([], [ast.arg(one) for one in names], None, [], [], None, [])
