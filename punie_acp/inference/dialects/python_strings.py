"""Where a Python program's strings and comments are, found out one character at a time.

A closing mark inside a string of the program is text of the program, so the dialects ask here before they believe it.
"""

from __future__ import annotations


class PythonStrings:
    """Feed it a program; it knows whether the next character is inside a string literal or a comment.

    An f-string counts as one string with its expressions. A one-line string ends with its line, as a broken one
    would, so a mistake in the program does not reach further than its line, unless it is in a triple-quoted string.
    """

    def __init__(self) -> None:
        self._comment = False
        self._quote = ""  # the quote of the string that is open
        self._triple = False
        self._opening = False  # only quotes so far: one opens, two are an empty string, three open a triple-quoted one
        self._run = 0  # quotes in a row
        self._escaped = False

    @property
    def inside(self) -> bool:
        """Whether the next character belongs to a string or a comment."""
        return self._comment or (bool(self._quote) and not (self._opening and self._run == 2))

    @property
    def in_triple(self) -> bool:
        """Whether a triple-quoted string is open: the only kind that goes on after a line's end."""
        return self._triple

    def feed(self, char: str) -> None:
        """Take note of the program's next character."""
        if self._comment:
            self._comment = char != "\n"
        elif not self._quote:
            self._code(char)
        elif self._opening:
            self._open(char)
        else:
            self._string(char)

    def _code(self, char: str) -> None:
        self._comment = char == "#"
        if char in "'\"":
            self._quote, self._opening, self._run = char, True, 1

    def _open(self, char: str) -> None:
        if char == self._quote:
            self._run += 1
            if self._run == 3:
                self._triple, self._opening, self._run = True, False, 0
            return
        empty = self._run == 2
        self._opening, self._run = False, 0
        if empty:
            self._quote = ""
        self.feed(char)

    def _string(self, char: str) -> None:
        if self._escaped:
            self._escaped = False
        elif char == self._quote:
            self._run += 1
            if self._run == (3 if self._triple else 1):
                self._close()
            return
        elif char == "\\":
            self._escaped = True
        elif char == "\n" and not self._triple:
            self._close()
        self._run = 0

    def _close(self) -> None:
        self._quote, self._triple, self._run = "", False, 0
