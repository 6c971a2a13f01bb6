"""What a file defines: Python by its syntax tree, other languages by the look of their lines."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from punie_acp.codemode.source import parsed
from punie_acp.codemode.tools.languages import PYTHON, language_of
from punie_acp.codemode.tools.values import Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from punie_acp.codemode.tools.languages import Language

MAX_LINE = 400  # a longer line is no definition that somebody wrote, and slow to match
_NO_CODE = re.compile(r"""//.*|\#.*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`""")


def outline(text: str, path: str) -> list[Symbol]:
    """The definitions in `text`, in their order. Of a Python file that does not parse, what can be seen of it."""
    language = language_of(path)
    tree = parsed(text) if language is PYTHON else None
    if tree is not None:
        return list(_python(tree.body, ""))
    return _by_lines(text.split("\n"), language) if language is not None else []


def _python(body: Sequence[ast.stmt], parent: str, *, in_class: bool = False) -> Iterator[Symbol]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield _symbol(node, node.name, "class", parent)
            yield from _python(node.body, _below(parent, node.name), in_class=True)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _symbol(node, node.name, "method" if in_class else "function", parent)
            yield from _python_inside(node.body, _below(parent, node.name))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    yield _symbol(node, target.id, "variable", parent)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            for part in _branches(node):
                yield from _python(part, parent, in_class=in_class)


def _python_inside(body: Sequence[ast.stmt], parent: str) -> Iterator[Symbol]:
    """What is defined within a function, but for its variables."""
    return (symbol for symbol in _python(body, parent) if symbol.kind != "variable" or symbol.parent != parent)


def _branches(node: ast.If | ast.Try | ast.With) -> list[list[ast.stmt]]:
    if isinstance(node, ast.With):
        return [node.body]
    if isinstance(node, ast.If):
        return [node.body, node.orelse]
    return [node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody]


def _below(parent: str, name: str) -> str:
    return f"{parent}.{name}" if parent else name


def _symbol(node: ast.stmt, name: str, kind: str, parent: str) -> Symbol:
    return Symbol(name, kind, node.lineno, node.end_lineno or node.lineno, parent)


def _by_lines(lines: list[str], language: Language) -> list[Symbol]:
    end_of = _end_by_brace if language.braces else _end_by_indentation
    found: list[Symbol] = []
    for number, line in enumerate(lines, start=1):
        named = _defined(line, language) if len(line) <= MAX_LINE else None
        if named is None:
            continue
        kind, name = named
        around = [one for one in found if one.line < number <= one.end_line]
        if kind == "function" and around and around[-1].kind == "class":
            kind = "method"
        parent = ".".join(one.name for one in around)
        found.append(Symbol(name, kind, number, end_of(lines, number), parent))
    return found


def _defined(line: str, language: Language) -> tuple[str, str] | None:
    """The kind and the name of what `line` defines."""
    matches = ((kind, pattern.search(line)) for kind, pattern in language.compiled)
    return next(((kind, match["name"]) for kind, match in matches if match is not None), None)


def _end_by_brace(lines: list[str], start: int) -> int:
    """The line of the brace that closes what begins at line `start`; that line itself where none opens."""
    depth = 0
    for number in range(start, len(lines) + 1):
        code = _NO_CODE.sub("", lines[number - 1])
        depth += code.count("{") - code.count("}")
        if depth <= 0 and ("{" in code or "}" in code or ";" in code or number > start + 2):
            return number if "{" in code or "}" in code else start
    return start


def _end_by_indentation(lines: list[str], start: int) -> int:
    """The last line that is indented deeper than line `start`, or the `end` that stands below it."""
    depth, last = _indentation(lines[start - 1]), start
    for number in range(start + 1, len(lines) + 1):
        line = lines[number - 1]
        if not line.strip():
            continue
        if _indentation(line) <= depth:
            return number if line.strip() == "end" and _indentation(line) == depth else last
        last = number
    return last


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
