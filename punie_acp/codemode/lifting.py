"""Definitions that a program saves: `save_definition(path, area)` gets the text of `area`, as the program has it.

The sandbox could not give it. What is only saved is not run: it may use what is in the project and not here.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.defining import Import, constant_name
from punie_acp.codemode.source import Definition, Source, bound_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SAVE = "save_definition"


def lift(code: str) -> str:
    """`code` with the text of what it saves in place of its name, every line staying where it is."""
    if SAVE not in code:
        return code
    try:
        source = Source(code)
    except (SyntaxError, ValueError, RecursionError):
        return code
    if SAVE in source.bound:
        return code
    return _Lifting(source).lifted()


class _Lifting:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._definitions: dict[str, ast.stmt] = {
            name: node
            for node in source.tree.body
            if (name := _defined(node)) and (isinstance(node, Definition) or not self._is_changed(name))
        }
        self._imports = [node for node in source.tree.body if isinstance(node, Import)]

    def _is_changed(self, name: str) -> bool:
        """Whether a constant may have another value in the end than it is first given."""
        held = [
            node.value if isinstance(node, ast.Attribute | ast.Subscript) else node.target
            for node in self._source.nodes
            if isinstance(node, ast.Attribute | ast.Subscript | ast.AugAssign)
        ]
        bound = [one for one in self._source.nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        uses = [one.id for one in held if isinstance(one, ast.Name)]
        return name in uses or sum(one.id == name for one in bound) > 1

    def lifted(self) -> str:
        named = {
            argument: name
            for node in self._source.nodes
            for argument in saved_by(node)
            if (name := _name(argument)) in self._definitions
        }
        saved = [self._definitions[name] for name in dict.fromkeys(named.values())]
        for argument, name in named.items():
            node = self._definitions[name]
            texts = [self._source.text_of(one) for one in self._imports if bound_by(one) & _used([node])]
            self._source.replace_node(argument, repr("\n".join([*texts, self._text(node)])))
        for node in self._idle([node for node in saved if isinstance(node, Definition)], named):
            self._source.leave_out(node)
        return self._source.edited()

    def _idle(self, saved: list[Definition], named: Iterable[ast.expr]) -> list[Definition | Import]:
        """Of what is saved, and of what it imports, what the rest of the program does not use."""
        left = list(saved)
        while True:
            rest = [node for node in self._source.tree.body if node not in left]
            used = _used(rest, frozenset(named))
            still = [node for node in left if node.name not in used]
            if still == left:
                break
            left = still
        needed = _used(left)
        return [*left, *(one for one in self._imports if bound_by(one) & needed and not bound_by(one) & used)]

    def _text(self, node: ast.stmt) -> str:
        return self._source.part(self._source.begin(node), self._source.end(node))


def _defined(node: ast.stmt) -> str:
    """The name of the function, class or constant that a statement is."""
    return node.name if isinstance(node, Definition) else constant_name(node)


def saved_by(node: ast.AST) -> Iterator[ast.expr]:
    """What a call saves: the second argument."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == SAVE:
        yield from node.args[1:2]
        yield from (word.value for word in node.keywords if word.arg not in {"path", None})


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _used(nodes: Iterable[ast.stmt], but: frozenset[ast.expr] = frozenset()) -> set[str]:
    return {one.id for node in nodes for one in ast.walk(node) if isinstance(one, ast.Name) and one not in but}
