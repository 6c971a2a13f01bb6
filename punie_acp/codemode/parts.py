"""The prelude in parts: of its definitions a session gets those that its programs use, and those that they use in turn.

The whole prelude would make every dump of a session six times as large as its source, and each opening slower.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from punie_acp.codemode.source import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILES = ("files", "paths", "system", "library", "callbacks", "objects")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Prelude:
    statements: tuple[_Statement, ...]
    makers: dict[str, tuple[int, ...]]  # name → the statements that make what it stands for


def parts(text: str, present: frozenset[str] | set[str], kept: frozenset[str] = frozenset()) -> tuple[str, set[str]]:
    """The definitions that `text` needs beyond those `present`, and their names. `kept` are the program's own."""
    prelude = _prelude()
    waiting = [word for word in words_of(text) if word in prelude.makers and word not in kept]
    names: set[str] = set()
    chosen: set[int] = set()
    while waiting:
        name = waiting.pop()
        if name in names or name in present:
            continue
        names.add(name)
        for index in prelude.makers[name]:
            chosen.add(index)
            waiting += [word for word in prelude.statements[index].words if word in prelude.makers]
    return "".join(prelude.statements[index].text for index in sorted(chosen)), names


def words_of(text: str) -> set[str]:
    """Every word of a text, in code or not: what is looked up by its name is found so too."""
    return set(_WORD.findall(text))


@cache
def _prelude() -> _Prelude:
    statements: list[_Statement] = []
    makers: dict[str, tuple[int, ...]] = {}
    for file in _FILES:
        source = (resources.files("punie_acp.codemode") / "prelude" / f"{file}.monty").read_text(encoding="utf-8")
        lines = source.split("\n")
        for node in ast.parse(source).body:
            first = first_line(node)
            text = "\n".join(line for line in lines[first - 1 : node.end_lineno] if line.strip()) + "\n"
            statements.append(_Statement(text, frozenset(words_of(text))))
            for name in _made(node):
                makers[name] = (*makers.get(name, ()), len(statements) - 1)
    return _Prelude(tuple(statements), makers)


def _made(node: ast.stmt) -> Iterator[str]:
    """The names that a statement of the prelude defines, or whose object it changes."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign):
        yield from (_root(target) for target in node.targets)
    else:  # a loop of `setattr(_module_os, …)`
        yield from {
            _root(part.args[0])
            for part in ast.walk(node)
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "setattr"
        }


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    assert isinstance(node, ast.Name)
    return node.id
