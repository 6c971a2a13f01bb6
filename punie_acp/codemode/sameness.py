"""Whether two programs run the same: their texts without comments, blank lines, spaces and what else does not run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from punie_acp.codemode.wrapping import behind_opening, without_fence, without_margin

_TOKEN = re.compile(
    r"""
    (?P<text>[A-Za-z]{0,3}(?:
        \"{3}(?:[^\\]|\\.)*?(?:\"{3}|\\?\Z) | '{3}(?:[^\\]|\\.)*?(?:'{3}|\\?\Z)
        | "(?:[^"\\\n]|\\.)*(?:"|\\?$) | '(?:[^'\\\n]|\\.)*(?:'|\\?$) ))
    | (?P<nothing>\#[^\n]* | \\\r?\n)
    | (?P<end>\r?\n)
    | (?P<space>[ \t\f\r]+)
    | (?P<opening>[(\[{])
    | (?P<closing>[)\]}])
    | (?P<word>\d[\w.]* | \w+)
    | (?P<sign>[,;] | [^\w\s\#'"(){}\[\],;\\]+ | .)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def normal_form(code: str) -> str:
    """The same text for all programs that run the same but for where their lines stand.

    >>> normal_form("```python\\nif a :  # so\\n\\n    b( 1 )\\n```") == normal_form("  if a:\\n      b(1)")
    True
    >>> normal_form("a = '# b'") == normal_form("a = '#  b'")
    False
    """
    inside = without_fence(code)
    return _read(f"{code if inside is None else inside}\n").form


def normal_beginning(begun: str) -> str:
    """With what the normal form of a program begins of which `begun` has been written. Its last word does not count."""
    inside = without_fence(begun)
    lines = _read(behind_opening(begun) if inside is None else f"{inside}\n")
    if lines.may_grow:
        lines.tokens = lines.tokens[:-1] if len(lines.tokens) > 2 else []  # the first says how deep the line stands
    return lines.form


def _read(text: str) -> _Lines:
    lines = _Lines()
    for found in _TOKEN.finditer(without_margin(text)):
        lines.take(found.lastgroup or "", found[0])
    return lines


@dataclass(slots=True)
class _Lines:
    """The logical lines of a program: how deep they stand, and their tokens."""

    ended: list[str] = field(default_factory=list[str])
    tokens: list[str] = field(default_factory=list[str])  # of the line that has not ended
    may_grow: bool = False  # the last token, by what is written next
    _brackets: int = 0
    _indentation: str = ""
    _around: list[str] = field(default_factory=lambda: [""])  # indentations of the blocks in which a line stands

    @property
    def form(self) -> str:
        """All of it."""
        return "".join(self.ended) + " ".join(self.tokens)

    def take(self, kind: str, text: str) -> None:
        """The next token."""
        self.may_grow = kind not in ("end", "space", "nothing")
        if kind == "end":
            self._end()
        elif kind == "space":
            self._indentation = self._indentation if self.tokens else text
        elif kind != "nothing":
            self.tokens += [] if self.tokens else [self._depth()]
            self.tokens.append(text)
            self._brackets = max(0, self._brackets + (kind == "opening") - (kind == "closing"))

    def _end(self) -> None:
        if self._brackets:
            return
        if self.tokens:
            self.ended.append(" ".join(self.tokens) + "\n")
        self.tokens, self._indentation = [], ""

    def _depth(self) -> str:
        """In how many blocks the line stands. Marked where none around it begins there, which is no Python."""
        if self._indentation.startswith(self._around[-1]):
            if self._indentation != self._around[-1]:
                self._around.append(self._indentation)
            return str(len(self._around) - 1)
        while len(self._around) > 1 and self._around[-1] != self._indentation:
            self._around.pop()
        return str(len(self._around) - 1) if self._around[-1] == self._indentation else f"!{self._indentation!r}"
