"""How far a program that is still being written consists of complete statements."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.codemode.source import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TRIES = 20
"""Of so many last lines one may end what is closed, where many come at once."""

_FIRST_WORD = re.compile(r"\w*")
_CONTINUING = ("else", "elif", "except", "finally")
_WITHIN = frozenset(" \t\r\n")
_NO_BEGINNING = _WITHIN | frozenset(")]}")
_COMPOUND = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)


@dataclass(slots=True)
class Closed:
    """How far a program that is being written has been looked through.

    Whether a text up to some line is Python does not change by what comes behind it, so each line is tried once: a
    program costs as much as its lines, not as its tokens.
    """

    until: int = 0  # the offset up to which its top-level statements are complete, whatever is written next
    _tried: int = 0  # lines that begin up to here have been tried
    _undecided: int = 0  # up to here there are statements, of which the last may go on with `else`

    def look(self, code: str) -> int:
        """`until` for `code`, which begins with what it was given before."""
        for cut in self._new_lines(code):
            tree = parsed(code[self.until : cut])
            if tree is None:
                continue
            if not tree.body or not isinstance(tree.body[-1], _COMPOUND) or _begins_anew(code[cut:]):
                self.until = cut
                return cut
            self._undecided = max(self._undecided, cut)
        if self._undecided > self.until and _begins_anew(code[self._undecided :]):
            self.until = self._undecided
        return self.until

    def _new_lines(self, code: str) -> Iterator[int]:
        """Where a top-level statement may begin, the last first; the end of the text too, where a line has ended."""
        before, cut = self._tried, code.rfind("\n") + 1
        if cut and cut == len(code) and code[_line_before(code, cut)] in _WITHIN:
            cut = _line_before(code, cut)  # the next line will tell
        self._tried = max(before, cut)
        for _ in range(MAX_TRIES):
            if cut <= before:
                return
            if code[cut : cut + 1] not in _NO_BEGINNING:
                yield cut
            cut = _line_before(code, cut)


def _line_before(code: str, cut: int) -> int:
    """Where the line begins that ends at `cut`."""
    return code.rfind("\n", 0, max(cut - 1, 0)) + 1


def _begins_anew(rest: str) -> bool:
    """Whether `rest` begins a statement of its own, rather than a part of the compound one before it."""
    word = _FIRST_WORD.match(rest)
    assert word is not None
    if not word[0]:
        return rest[:1] not in {"", "#", *_NO_BEGINNING}  # else a bracket, a decorator, a text
    if word.end() < len(rest):
        return word[0] not in _CONTINUING
    return not any(one.startswith(word[0]) for one in _CONTINUING)
