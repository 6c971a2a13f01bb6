"""Programs that do nothing for the user: they have nothing to run, or keep what they define to themselves."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.source import Definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from punie_acp.codemode.events import ProgramOutcome

IDLE = "The program did not run: there is nothing in it to run."
OWN_WORDS = "These are the program's own words: it has looked at nothing."
_MOST = 2  # definitions that are named as unsaved
_LITERALS = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.expr_context, ast.unaryop)


def is_idle(code: str) -> bool:
    """Whether a program is empty, or only states a value that nothing has found out: `["a.json", "b.json"]`."""
    body = _body(code)
    return body is not None and all(
        isinstance(one, ast.Pass) or (isinstance(one, ast.Expr) and _is_literal(one.value)) for one in body
    )


def first_look(files: Iterable[str]) -> str:
    """A program to begin with, for who does not know how to go on: small models copy what they have just read."""
    file = next(iter(files), None)
    program = 'print(list_files("**/*"))' if file is None else f"print(read_file({file!r}))"
    return f"Begin with:\n```python\n{program}\n```"


def has_own_words(code: str) -> bool:
    """Whether a program prints nothing but what stands in it."""
    body = _body(code) or []
    printed = [one.value for one in body if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)]
    names = {ast.unparse(call.func) for call in printed}
    literal = all(_is_literal(value) for call in printed for value in call.args)
    return len(printed) == len(body) and names == {"print"} and literal


def _is_literal(value: ast.expr) -> bool:
    return all(isinstance(node, _LITERALS) for node in ast.walk(value))


def unsaved(code: str, outcome: ProgramOutcome, files: Mapping[str, str]) -> list[str]:
    """That a program has written something anew which is in one of `files`, and left the file as it is.

    `files`: the text of Python files by their paths. Nothing is said of a program that has changed something.
    """
    if outcome.effects or not files:
        return []
    new = _definitions(code)
    return [
        f"{path} still has its own {name}: save_definition({path!r}, {name}) puts a new one there."
        for path, text in files.items()
        for name, old in _definitions(text).items()
        if name in new and new[name] != old
    ][:_MOST]


def _definitions(text: str) -> dict[str, str]:
    """What a text defines at its top level: the names, and the syntax trees as text."""
    return {node.name: ast.dump(node) for node in _body(text) or [] if isinstance(node, Definition)}


def _body(text: str) -> list[ast.stmt] | None:
    """The statements of a text; None where it is no Python."""
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return None
