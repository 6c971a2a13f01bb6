"""A syntax tree as text again, with the line of the original for each line of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass

_INDENT = " "


@dataclass(frozen=True, slots=True)
class Lines:
    """From lines of a rewritten program to lines of the program as the user sees it (both from 1)."""

    origins: tuple[int | None, ...] = ()  # empty: every line is its own origin

    def origin(self, line: int | None) -> int | None:
        """The line of the original; None for a line that stands for nothing in it."""
        if line is None or not self.origins:
            return line
        return self.origins[line - 1] if 1 <= line <= len(self.origins) else None


def emit(tree: ast.Module, prefix: str = "") -> tuple[str, Lines]:
    """The text of `tree`, after `prefix` (whole lines of our own)."""
    emitter = _Emitter()
    emitter.block(tree.body, 0)
    before = prefix.count("\n")
    return prefix + "\n".join(emitter.lines) + "\n", Lines((None,) * before + tuple(emitter.origins))


class _Emitter:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.origins: list[int | None] = []

    def block(self, body: list[ast.stmt], depth: int) -> None:
        for statement in body:
            self._statement(statement, depth)

    def _add(self, text: str, depth: int, line: int | None) -> None:
        for number, part in enumerate(text.split("\n")):
            self.lines.append(part if number else _INDENT * depth + part)
            self.origins.append(line)

    def _header(self, node: ast.AST, depth: int, line: int | None) -> None:
        """All of a compound statement but its body, which is one `pass` here."""
        text = ast.unparse(node).strip("\n")
        self._add(text[: text.rindex("\n")], depth, line)

    def _statement(self, node: ast.stmt, depth: int) -> None:
        line = getattr(node, "lineno", None)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._definition(node, depth, line)
        elif isinstance(node, ast.If):
            self._if(node, depth, line, "")
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
            self._loop(node, depth, line)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._header(_copy(node, body=[ast.Pass()]), depth, line)
            self.block(node.body, depth + 1)
        elif isinstance(node, ast.Try):
            self._try(node, depth, line)
        elif isinstance(node, ast.Match):
            self._match(node, depth, line)
        else:
            self._add(ast.unparse(node).strip("\n"), depth, line)

    def _definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, depth: int, line: int | None
    ) -> None:
        for decorator in node.decorator_list:
            self._add(f"@{ast.unparse(decorator)}", depth, decorator.lineno if hasattr(decorator, "lineno") else line)
        self._header(_copy(node, body=[ast.Pass()], decorator_list=[]), depth, line)
        self.block(node.body, depth + 1)

    def _if(self, node: ast.If, depth: int, line: int | None, prefix: str) -> None:
        self._add(f"{prefix}if {ast.unparse(node.test)}:", depth, line)
        self.block(node.body, depth + 1)
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            self._if(node.orelse[0], depth, getattr(node.orelse[0], "lineno", line), "el")
        elif node.orelse:
            self._add("else:", depth, line)
            self.block(node.orelse, depth + 1)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, depth: int, line: int | None) -> None:
        self._header(_copy(node, body=[ast.Pass()], orelse=[]), depth, line)
        self.block(node.body, depth + 1)
        if node.orelse:
            self._add("else:", depth, line)
            self.block(node.orelse, depth + 1)

    def _try(self, node: ast.Try, depth: int, line: int | None) -> None:
        self._add("try:", depth, line)
        self.block(node.body, depth + 1)
        for handler in node.handlers:
            kind = f" {ast.unparse(handler.type)}" if handler.type else ""
            name = f" as {handler.name}" if handler.name else ""
            self._add(f"except{kind}{name}:", depth, getattr(handler, "lineno", line))
            self.block(handler.body, depth + 1)
        for word, body in (("else:", node.orelse), ("finally:", node.finalbody)):
            if body:
                self._add(word, depth, line)
                self.block(body, depth + 1)

    def _match(self, node: ast.Match, depth: int, line: int | None) -> None:
        self._add(f"match {ast.unparse(node.subject)}:", depth, line)
        for case in node.cases:
            guard = f" if {ast.unparse(case.guard)}" if case.guard else ""
            self._add(f"case {ast.unparse(case.pattern)}{guard}:", depth + 1, getattr(case.pattern, "lineno", line))
            self.block(case.body, depth + 2)


def _copy(node: ast.AST, **changed: object) -> ast.AST:
    """`node` with other fields, for `ast.unparse` to read."""
    made = type(node)()
    for name in node._fields:
        setattr(made, name, changed.get(name, getattr(node, name, None)))
    made.lineno = getattr(node, "lineno", 1)  # type: ignore[attr-defined]
    return made
