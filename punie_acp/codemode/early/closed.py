"""How far a program that is still being written consists of complete statements."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from punie_acp.codemode.source import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TRIES = 20
"""Of so many last lines one may end what is closed: in a long text in quotes each line would be tried anew."""

_FIRST_WORD = re.compile(r"\w*")
_CONTINUING = ("else", "elif", "except", "finally")
_COMPOUND = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)


def closed_until(code: str, start: int = 0) -> int:
    """The offset in `code` up to which its top-level statements are complete, whatever is written next.

    `start` is an offset that this function gave for an earlier, shorter state of the same program.
    """
    for cut in _line_starts(code, start):
        tree = parsed(code[start:cut])
        if tree is None:
            continue
        if not tree.body or not isinstance(tree.body[-1], _COMPOUND) or _begins_anew(code[cut:]):
            return cut
    return start


def _line_starts(code: str, start: int) -> Iterator[int]:
    """Where a top-level statement may begin, the last first; the end of the text too, where a line has ended."""
    end = len(code)
    for _ in range(MAX_TRIES):
        cut = code.rfind("\n", start, end) + 1
        if cut <= start:
            return
        if code[cut : cut + 1] not in {" ", "\t", "\r", "\n", ")", "]", "}"}:
            yield cut
        end = cut - 1


def _begins_anew(rest: str) -> bool:
    """Whether `rest` begins a statement of its own, rather than a part of the compound one before it."""
    word = _FIRST_WORD.match(rest)
    assert word is not None
    if not word[0]:
        return rest[:1] not in {"", "#"}  # else a bracket, a decorator, a text
    if word.end() < len(rest):
        return word[0] not in _CONTINUING
    return not any(one.startswith(word[0]) for one in _CONTINUING)
