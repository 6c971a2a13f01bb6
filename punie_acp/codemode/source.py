"""A program's text as the steps before it runs see it: parsed once, edited in place, every line staying where it is."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from punie_acp.codemode.rewriting.emit import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Place = ast.expr | ast.stmt | ast.keyword | ast.alias | ast.arg
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
LITERALS = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.expr_context, ast.unaryop)
"""The nodes of a value that is written out, with nothing to work out in it."""


class Syntax:
    """The syntax tree of a text, and what is asked of it most. It is shared: who changes a tree parses their own."""

    def __init__(self, text: str) -> None:
        """Raises `SyntaxError`, `ValueError` (a null byte) or `RecursionError` where this Python cannot parse it."""
        self.tree = ast.parse(text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, outer before inner."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def bound(self) -> frozenset[str]:
        """Every name that is bound anywhere."""
        return frozenset(_bound_by(self.nodes))


@lru_cache(maxsize=8)
def syntax_of(text: str) -> Syntax:
    """The syntax of a text, read once: a program takes ten steps before it runs, and most of them leave it as it is."""
    return Syntax(text)


@dataclass(slots=True)
class Source:
    """A program and its syntax tree, with edits that are collected and then applied at once.

    Positions in a tree are byte offsets, so the text is handled as UTF-8. An edit never adds or removes a line.
    """

    text: str
    lines: Lines = field(default_factory=Lines)  # where the lines of `text` come from
    _syntax: Syntax = field(init=False)
    _data: bytes = field(init=False)
    _starts: list[int] = field(init=False)
    _edits: list[tuple[int, int, tuple[int, int], str]] = field(init=False)

    def __post_init__(self) -> None:
        """Raises `SyntaxError` (or `ValueError` for a null byte) where the text is no Python."""
        self._syntax = syntax_of(self.text)
        self._data = self.text.encode()
        self._starts = [0]
        for line in self._data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._edits = []

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of `text`, to be read only."""
        return self._syntax.tree

    @property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, outer before inner."""
        return self._syntax.nodes

    @property
    def bound(self) -> frozenset[str]:
        """Every name that is bound anywhere in it."""
        return self._syntax.bound

    def start(self, node: Place) -> int:
        """The byte offset at which `node` begins."""
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: Place) -> int:
        """The byte offset at which `node` ends (exclusive)."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def line_start(self, line: int) -> int:
        """The byte offset at which line number `line` (from 1) begins; past the last, the end of the text."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self._data)

    def part(self, start: int, end: int) -> str:
        """The text between two byte offsets."""
        return self._data[start:end].decode()

    def text_of(self, node: Place) -> str:
        """The text of `node`."""
        return self.part(self.start(node), self.end(node))

    def insert(self, at: int, text: str) -> None:
        """Insert `text`; what is inserted first at one place stands first."""
        self._edits.append((at, at, (1, len(self._edits)), text))

    def wrap(self, node: Place, before: str, after: str) -> None:
        """Put `node` between two texts; of two nodes that begin or end together, wrap the outer one first."""
        self.insert(self.start(node), before)
        self._edits.append((self.end(node), self.end(node), (0, -len(self._edits)), after))

    def replace(self, start: int, end: int, text: str) -> None:
        """Replace a stretch, keeping as many line ends as it had (they are moved behind the new text)."""
        lost = self._data.count(b"\n", start, end) - text.count("\n")
        self._edits.append((start, end, (1, len(self._edits)), text + "\n" * max(lost, 0)))

    def replace_node(self, node: Place, text: str) -> None:
        """Replace all of `node`."""
        self.replace(self.start(node), self.end(node), text)

    def begin(self, node: Place) -> int:
        """The byte offset at which `node` begins, the decorators of a definition included."""
        return self.line_start(first_line(node)) if isinstance(node, Definition) else self.start(node)

    def leave_out(self, node: ast.stmt) -> None:
        """Put `pass` in place of a statement."""
        self.replace(self.begin(node), self.end(node), "pass")

    def edited(self) -> str:
        """The text with all edits. Of two that overlap, the later one is left out."""
        pieces: list[bytes] = []
        position = 0
        for start, end, _, text in sorted(self._edits, key=lambda edit: edit[:3]):
            if start < position:
                continue
            pieces += [self._data[position:start], text.encode()]
            position = end
        pieces.append(self._data[position:])
        return b"".join(pieces).decode()

    @property
    def changed(self) -> bool:
        """Whether there are edits."""
        return bool(self._edits)


def syntax_if_any(code: str) -> Syntax | None:
    """The syntax of `code`; None where this Python cannot parse it."""
    try:
        return syntax_of(code)
    except (SyntaxError, ValueError, RecursionError):
        return None


def parsed(code: str) -> ast.Module | None:
    """The syntax tree of `code`, to be read only; None where this Python cannot parse it."""
    syntax = syntax_if_any(code)
    return syntax.tree if syntax is not None else None


def body_of(code: str) -> list[ast.stmt] | None:
    """The statements of `code`; None where this Python cannot parse it."""
    tree = parsed(code)
    return tree.body if tree is not None else None


def names_bound_in(code: str) -> frozenset[str]:
    """Every name that is bound anywhere in `code`; none where it is no Python."""
    syntax = syntax_if_any(code)
    return syntax.bound if syntax is not None else frozenset()


def first_line(node: ast.stmt) -> int:
    """The line on which a statement begins, its decorators included."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])


def bound_by(node: ast.stmt) -> set[str]:
    """The names that a statement binds where it stands; of a definition its own."""
    return {node.name} if isinstance(node, Definition) else bound_names(ast.Module([node], []))


def imported_modules(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The modules that `nodes` import, but for those that are named from where they stand."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def bound_names(tree: ast.AST) -> set[str]:
    """Every name that is bound anywhere in `tree`: assigned, defined, imported, a parameter."""
    return _bound_by(ast.walk(tree))


def _bound_by(nodes: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, Definition):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return names
