"""Simple generator functions as functions that return a list: Monty 1.4 has no `yield`.

    def numbers(n):             def numbers(n):
        for i in range(n):          for i in (_yielded := [], range(n))[1]:
            yield i                     _yielded.append(i)
    <blank line>                    return _yielded

Only where that means the same to who iterates: every `yield` is a statement of its own, nothing runs for ever, and
there is an empty line (or the end of the program) in which the `return` can stand, so that no line moves.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punie_acp.codemode.source import Source


def collect_generators(source: Source) -> Iterator[str]:
    """A repair rule (see `repair.py`)."""
    lines = source.text.split("\n")
    for node in source.nodes():
        if isinstance(node, ast.FunctionDef) and _yields(node) and _is_simple(node):
            line = _free_line(node, lines)
            if line is not None and _start_list(source, node):
                _collect(source, node)
                _return_list(source, node, line, len(lines))
                yield f"The generator {node.name} now returns a list, for the sandbox has no yield."


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, without those of the functions in it."""
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _yields(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function))


def _is_simple(function: ast.FunctionDef) -> bool:
    nodes = list(_own_nodes(function))
    statements = [
        node for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom)
    ]
    everything = [node for node in nodes if isinstance(node, ast.Yield | ast.YieldFrom)]
    returns_value = any(isinstance(node, ast.Return) and node.value for node in nodes)
    endless = any(isinstance(node, ast.While) and isinstance(node.test, ast.Constant) for node in nodes)
    return len(statements) == len(everything) and not returns_value and not endless and not function.decorator_list


def _free_line(function: ast.FunctionDef, lines: list[str]) -> int | None:
    """The number (from 1) of the empty line after the function; one past the last at the end of the program."""
    after = function.end_lineno or 0
    if after >= len(lines):
        return after + 1
    return after + 1 if not lines[after].strip() else None


def _start_list(source: Source, function: ast.FunctionDef) -> bool:
    """Start the list in front of the first statement, or in its first expression where it is a compound one."""
    first = function.body[0]
    if isinstance(first, ast.For):
        source.wrap(first.iter, "(_yielded := [], ", ")[1]")
    elif isinstance(first, ast.If):
        source.wrap(first.test, "(_yielded := [], ", ")[1]")
    elif isinstance(first, ast.With):
        source.wrap(first.items[0].context_expr, "(_yielded := [], ", ")[1]")
    elif isinstance(first, ast.While | ast.Try | ast.Match | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return False
    else:
        source.insert(source.start(first), "_yielded = []; ")
    return True


def _collect(source: Source, function: ast.FunctionDef) -> None:
    for node in _own_nodes(function):
        if isinstance(node, ast.Return):
            source.replace_node(node, "return _yielded")
        elif isinstance(node, ast.Yield):
            value = node.value
            source.replace(source.start(node), source.start(value) if value else source.end(node), "_yielded.append(")
            source.insert(source.end(node), ")" if value else "None)")
        elif isinstance(node, ast.YieldFrom):
            source.replace(source.start(node), source.start(node.value), "_yielded.extend(")
            source.insert(source.end(node), ")")


def _return_list(source: Source, function: ast.FunctionDef, line: int, lines: int) -> None:
    indent = " " * function.body[0].col_offset if function.body[0].lineno > function.lineno else " " * 4
    before = "\n" if line > lines else ""
    source.insert(source.line_start(line), f"{before}{indent}return _yielded")
