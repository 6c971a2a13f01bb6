"""Where a name stands in code: in Python by its tokens, so texts and comments do not count; else as a word."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING

from punie_acp.codemode.tools.languages import PYTHON, language_of
from punie_acp.codemode.tools.values import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

_F_STRING = re.compile(r"[rR]?[fF][rR]?['\"]")


def occurrences(text: str, path: str, name: str) -> list[Reference]:
    """Every place of `name` in `text`. Columns are counted from 1, as editors do."""
    places = _in_python(text, name) if language_of(path) is PYTHON else None
    lines = text.split("\n")
    found = sorted(set(_in_lines(lines, name) if places is None else places))
    return [Reference(path, line, column + 1, lines[line - 1].strip()) for line, column in found]


def _in_lines(lines: list[str], name: str) -> Iterator[tuple[int, int]]:
    word = whole_word(name)
    for number, line in enumerate(lines, start=1):
        yield from ((number, match.start()) for match in word.finditer(line))


def whole_word(name: str) -> re.Pattern[str]:
    """An expression for `name` that is no part of a longer one."""
    return re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")


def _in_python(text: str, name: str) -> list[tuple[int, int]] | None:
    """Lines (from 1) and columns (from 0) of `name`; None for a file that Python cannot take apart."""
    found: list[tuple[int, int]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.NAME and token.string == name:
                found.append(token.start)
            elif token.type == tokenize.STRING and _F_STRING.match(token.string):
                found += _in_f_string(token, name)
    except (tokenize.TokenError, SyntaxError):
        return None
    return found


def _in_f_string(token: tokenize.TokenInfo, name: str) -> Iterator[tuple[int, int]]:
    """Before Python 3.12 an f-string is one token, and the tree does not say where in it a name stands."""
    try:
        tree = ast.parse(token.string, mode="eval")
    except (SyntaxError, ValueError):
        return
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    named |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if name not in named:
        return
    for place in whole_word(name).finditer(token.string):
        before = token.string[: place.start()]
        lines = before.count("\n")
        column = len(before) - before.rfind("\n") - 1
        yield token.start[0] + lines, column if lines else token.start[1] + column
