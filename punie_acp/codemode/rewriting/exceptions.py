"""Exception classes of a program. Monty 1.4 raises only its own kinds, with one text each.

So an object of the program's class travels in a builtin exception: `raise _raising(MyError(…))` puts it there, and a
handler takes it out again. What ends the program says the object's own name (see `problems.py`).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.rewriting.knowledge import native_lineage
from punie_acp.codemode.rewriting.syntax import assign, at, call, dotted, name, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable


def needs_objects(nodes: Iterable[ast.AST]) -> bool:
    """Whether a program looks at exceptions in a way that Monty's do not answer."""
    for node in nodes:
        if isinstance(node, ast.Import) and any(alias.name == "traceback" for alias in node.names):
            return True
        if isinstance(node, ast.Attribute) and node.attr == "exc_info":
            return True
        if isinstance(node, ast.ExceptHandler):
            if not _is_native(node.type):
                return True
            if node.name and any(_reads_attribute(part, node.name) for part in own_nodes(node.body)):
                return True
        if isinstance(node, ast.Raise) and node.cause is not None and not isinstance(node.cause, ast.Constant):
            return True
    return False


def _reads_attribute(node: ast.AST, variable: str) -> bool:
    return isinstance(node, ast.Attribute) and dotted(node.value) == variable and node.attr != "args"


def _is_native(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    if isinstance(kind, ast.Tuple):
        return all(_is_native(one) for one in kind.elts)
    return isinstance(kind, ast.Name) and bool(native_lineage(kind.id))


class ExceptionObjects(ast.NodeTransformer):
    """Rewrites `raise` and `except`, and the attributes of what a handler caught."""

    def __init__(self) -> None:
        self.caught: list[str] = []
        self.number = 0

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """`raise X from Y` → `raise _raising(X, Y)`, but for the builtin ones."""
        self.generic_visit(node)
        if node.exc is None or (node.cause is None and _makes_native(node.exc)):
            return node
        node.exc = at(node, call("_raising", node.exc, *([node.cause] if node.cause else [])))[0]
        node.cause = None
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """One native handler that asks which of the program's it is."""
        names = [handler.name for handler in node.handlers if handler.name]
        self.caught += names
        self.generic_visit(node)
        self.caught = self.caught[: len(self.caught) - len(names)]
        if not node.handlers:
            return node
        if all(_is_native(handler.type) for handler in node.handlers):
            for handler in node.handlers:
                if handler.name or handler.type is not None:
                    handler.name = handler.name or "_exc"
                    handler.body.insert(0, at(handler, assign(handler.name, call("_caught", name(handler.name))))[0])
            return node
        node.handlers = [self._one_handler(node.handlers)]
        return node

    def _one_handler(self, handlers: list[ast.ExceptHandler]) -> ast.ExceptHandler:
        self.number += 1
        caught = f"_exc_{self.number}"
        chain: list[ast.stmt] = at(handlers[-1], ast.Raise())
        for handler in reversed(handlers):
            named: list[ast.stmt] = [assign(handler.name, name(caught))] if handler.name else []
            test = call("_isinstance", name(caught), handler.type) if handler.type else ast.Constant(True)
            chain = at(handler, ast.If(test, [*named, *handler.body], chain))
        unpack = assign(caught, call("_caught", name(caught)))
        return at(handlers[0], ast.ExceptHandler(name("BaseException"), caught, [*at(handlers[0], unpack), *chain]))[0]

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`e.filename` → `_attr(e, "filename")`."""
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name) and node.value.id in self.caught:
            return at(node, call("_attr", node.value, ast.Constant(node.attr)))[0]
        return node


def _makes_native(node: ast.expr) -> bool:
    made = node.func if isinstance(node, ast.Call) else node
    return isinstance(made, ast.Name) and bool(native_lineage(made.id))
