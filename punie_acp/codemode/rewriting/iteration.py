"""Loops over generators of a program, which may pause at an external call between two values.

Monty 1.4 runs `for` over its own kinds only where nothing pauses, and makes a list of a generator expression. So a loop
over what may be a generator asks the prelude for the next value.
"""

from __future__ import annotations

import ast
from typing import cast

from punie_acp.codemode.rewriting.generators import as_state_machine
from punie_acp.codemode.rewriting.syntax import Scope, assign, at, call, called_name, name, statement, store, yields

_LAZY = frozenset(
    {"enumerate", "zip", "map", "filter", "islice", "takewhile", "chain", "iter", "next", "count", "any", "all", "dict"}
)
_EAGER = frozenset(
    {
        "list",
        "tuple",
        "set",
        "sum",
        "min",
        "max",
        "sorted",
        "frozenset",
        "Counter",
        "deque",
        "reversed",
    }
)
_EAGER_METHODS = frozenset({"join", "extend", "update", "writelines", "fromkeys", "writerows"})
_FINITE = (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Constant, ast.ListComp, ast.DictComp, ast.SetComp, ast.JoinedStr)
_FINITE_CALLS = frozenset({"range", "sorted", "reversed", "open", "list", "set", "tuple", "dict"})
_FINITE_METHODS = frozenset(
    {"items", "keys", "values", "split", "splitlines", "readlines", "listdir", "walk", "finditer"}
)


class Iteration(ast.NodeTransformer):
    """Rewrites loops, comprehensions, and the builtins that consume an iterable."""

    def __init__(self) -> None:
        self.number = 0
        self.hoisted: list[ast.stmt] = []
        self.in_lambda = 0

    def _name(self, kind: str) -> str:
        self.number += 1
        return f"_{kind}_{self.number}"

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """What is inside cannot be moved before the statement: it knows the parameters."""
        self.in_lambda += 1
        self.generic_visit(node)
        self.in_lambda -= 1
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Statements that were moved out of an expression go before its own."""
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                parts = cast("list[object]", value)
                setattr(node, field, self._parts(parts))
            elif isinstance(value, ast.AST):
                setattr(node, field, self.visit(value))
        return node

    def _parts(self, parts: list[object]) -> list[object]:
        if parts and isinstance(parts[0], ast.stmt):
            return [*self.statements(cast("list[ast.stmt]", parts))]
        return [self.visit(one) if isinstance(one, ast.AST) else one for one in parts]

    def statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """A block, with what was moved out of its expressions."""
        done: list[ast.stmt] = []
        for part in body:
            outer, self.hoisted = self.hoisted, []
            made = self.visit(part)
            done += [*self.hoisted, *(made if isinstance(made, list) else [made])]
            self.hoisted = outer
        return done

    def visit_For(self, node: ast.For) -> ast.AST | list[ast.stmt]:
        """`for x in source:` → `while` the prelude has a next value."""
        self.generic_visit(node)
        if _is_finite(node.iter):
            return node
        source, ended = self._name("source"), self._name("ended")
        item = self._name("item")
        take = [
            assign(item, call("_next", name(source))),
            ast.If(_is(item, "_END"), [assign(ended, ast.Constant(True)), ast.Break()], []),
            ast.Assign([node.target], name(item)),
        ]
        loop = ast.While(ast.Constant(True), [*take, *node.body], [])
        before = [assign(source, call("_iter", node.iter)), assign(ended, ast.Constant(False))]
        after: list[ast.stmt] = [ast.If(name(ended), node.orelse, [])] if node.orelse else []
        if _has_break(node.body):
            after.append(ast.If(ast.UnaryOp(ast.Not(), name(ended)), [statement(call("_close", name(source)))], []))
        return at(node, *before, loop, *after)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        """All values at once, where pausing is possible."""
        self.generic_visit(node)
        if not _is_finite(node.iter):
            node.iter = at(node.iter, call("_all", node.iter))[0]
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        """One over what may be endless becomes a generator function of its own."""
        first = node.generators[0]
        if self.in_lambda or len(node.generators) > 1 or _is_finite(first.iter) or isinstance(first.iter, ast.Name):
            return self.generic_visit(node)
        made = self._name("each")
        value: ast.stmt = ast.Expr(ast.Yield(node.elt))
        for test in reversed(first.ifs):
            value = ast.If(test, [value], [])
        loop = ast.For(first.target, name("_given"), [value], [])
        given = ast.arguments([], [ast.arg("_given")], None, [], [], None, [])
        function = at(node, ast.FunctionDef(made, given, [loop], []))[0]
        self.hoisted.append(as_state_machine(function))
        return at(node, call(made, self.visit(first.iter)))[0]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`sum(numbers())` → `sum(_all(numbers()))`; `next`, `zip` and the like know generators in the prelude."""
        called = called_name(node)
        lazy = called or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        self.generic_visit(node)
        method = isinstance(node.func, ast.Attribute) and node.func.attr in _EAGER_METHODS
        if (called in _EAGER or method) and node.args:
            node.args = [one if _is_finite(one) or isinstance(one, ast.Starred) else _all(one) for one in node.args]
        elif lazy in _LAZY and (called or _is_itertools(node.func)):
            node.func = at(node, name(f"_lazy_{lazy}"))[0]
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        """`*numbers()`."""
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load) and not _is_finite(node.value):
            node.value = _all(node.value)
        return node


def _all(node: ast.expr) -> ast.expr:
    return at(node, call("_all", node))[0]


def _is(variable: str, constant: str) -> ast.Compare:
    return ast.Compare(name(variable), [ast.Is()], [name(constant)])


def _is_finite(node: ast.expr) -> bool:
    """Whether an iterable surely is no generator of the program."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in _FINITE_METHODS
    return isinstance(node, _FINITE) or called_name(node) in _FINITE_CALLS


def _is_itertools(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"itertools", "it"}


def _has_break(body: list[ast.stmt]) -> bool:
    waiting: list[ast.AST] = [*body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Break):
            return True
        if not isinstance(node, Scope | ast.For | ast.While):
            waiting += ast.iter_child_nodes(node)
    return False


class GeneratorFunctions(ast.NodeTransformer):
    """Every generator function as a state machine; inner ones first."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """See `generators.py`."""
        self.generic_visit(node)
        return as_state_machine(node) if yields(node) else node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """An asynchronous one, whose steps are awaited."""
        self.generic_visit(node)
        return as_state_machine(node) if yields(node) else node


class Asynchronous(ast.NodeTransformer):
    """`async with` and `async for`, spelled out."""

    def __init__(self) -> None:
        self.number = 0

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST | list[ast.stmt]:
        """Enter, run, leave."""
        self.generic_visit(node)
        body: list[ast.stmt] = node.body
        for item in reversed(node.items):
            self.number += 1
            manager, error = f"_manager_{self.number}", f"_error_{self.number}"
            entered = ast.Await(_method(manager, "__aenter__"))
            target = item.optional_vars or store(f"_entered_{self.number}")
            none = [ast.Constant(None)] * 3
            kept = ast.Await(_method(manager, "__aexit__", call("type", name(error)), name(error), ast.Constant(None)))
            failed: list[ast.stmt] = [ast.If(ast.UnaryOp(ast.Not(), kept), [ast.Raise()], [])]
            body = [
                assign(manager, item.context_expr),
                ast.Assign([target], entered),
                ast.Try(
                    body,
                    [ast.ExceptHandler(name("BaseException"), error, failed)],
                    [statement(ast.Await(_method(manager, "__aexit__", *none)))],
                    [],
                ),
            ]
        return at(node, *body)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        """`[x async for x in numbers()]`: all of them first."""
        self.generic_visit(node)
        if node.is_async:
            node.is_async = 0
            node.iter = at(node.iter, ast.Await(call("_collected", node.iter)))[0]
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST | list[ast.stmt]:
        """Ask for the next one until there is none."""
        self.generic_visit(node)
        self.number += 1
        source, ended = f"_source_{self.number}", f"_ended_{self.number}"
        stop = ast.ExceptHandler(name("StopIteration"), None, [assign(ended, ast.Constant(True))])
        take = ast.Try([ast.Assign([node.target], ast.Await(_method(source, "__anext__")))], [stop], [], [])
        leave = ast.If(name(ended), [ast.Break()], [])
        loop = ast.While(ast.Constant(True), [take, leave, *node.body], [])
        before = [assign(source, ast.Call(ast.Attribute(node.iter, "__aiter__", ast.Load()), [], []))]
        return at(node, *before, assign(ended, ast.Constant(False)), loop)


def _method(receiver: str, method: str, *arguments: ast.expr) -> ast.Call:
    return call(ast.Attribute(name(receiver), method, ast.Load()), *arguments)
