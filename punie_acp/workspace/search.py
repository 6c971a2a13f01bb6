"""Lines of text files that match a regular expression."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from punie_acp.workspace import disk, text
from punie_acp.workspace.base import Match, NotTextError
from punie_acp.workspace.find import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from punie_acp.workspace.paths import Roots

MAX_MATCHES = 2000
"""A search ends after so many lines."""
MAX_FILE_BYTES = 2 * 1024 * 1024
"""Larger files are passed over, as are binary ones."""
MAX_LINE_CHARACTERS = 500
"""A longer matching line is cut, with an ellipsis at its end."""
MAX_SECONDS = 20.0
"""Of one search."""
MAX_LINE_SECONDS = 0.5
"""Of one line. Only an expression that backtracks without end takes so long; and so soon a cancelled search ends."""

# Whatever matches a line also matches the text it stands in, unless the expression looks at what is around the line
# (look-around, ends of the text) or does not try every way to match (atomic groups, possessive repetition).
_NEEDS_LINES = re.compile(r"\(\?(?!:|i\))|\\[AZzGKR]|[*+?}]\+")


def search(roots: Roots, files: Sequence[Path], pattern: str, stop: Callable[[], bool]) -> list[Match]:
    """At most `MAX_MATCHES` matches in `files`, in their order.

    Raises `ValueError` for a pattern that does not compile, `TimeoutError` where it takes too long, `Stopped`.
    """
    finder = _Finder(pattern, stop)
    matches: list[Match] = []
    for path in files:
        for number, line in finder.lines(_read(roots, path)):
            matches.append(Match(roots.display(path), number, _shorten(line)))
            if len(matches) == MAX_MATCHES:
                return matches
    return matches


def search_contents(files: Sequence[tuple[str, bytes]], pattern: str, stop: Callable[[], bool]) -> list[Match]:
    """As `search`, in contents that are not on disk: names as they are shown, and bytes."""
    finder = _Finder(pattern, stop)
    return [
        Match(name, number, _shorten(line))
        for name, data in files
        for number, line in finder.lines(_decoded(data, name))
    ][:MAX_MATCHES]


class _Finder:
    """A compiled expression with the time that is left to it.

    `regex` rather than `re`: same syntax, but it lets go of the interpreter's lock while it matches, and it can be
    given a time limit. With `re`, one bad pattern would stop the event loop, and with it the user's cancel.
    """

    def __init__(self, pattern: str, stop: Callable[[], bool]) -> None:
        import regex

        try:
            self._search = regex.compile(pattern).search
            self._search_all = None if _NEEDS_LINES.search(pattern) else regex.compile(pattern, regex.MULTILINE).search
        except regex.error as error:
            raise ValueError(f"the regular expression {pattern!r} does not compile: {error}") from None
        self._stop = stop
        self._ends = time.monotonic() + MAX_SECONDS

    def lines(self, content: str) -> Iterator[tuple[int, str]]:
        """Numbers and texts of the lines of `content` that match."""
        if self._stop():
            raise Stopped
        if not self._may_match(content):
            return
        for number, line in enumerate(content.split("\n"), start=1):
            if self._matches(line):
                yield number, line

    def _may_match(self, content: str) -> bool:
        """Whether it is worth looking at the lines: most files of a project have none that matches."""
        if self._search_all is None:
            return True
        try:
            return self._search_all(content, timeout=MAX_LINE_SECONDS, concurrent=True) is not None
        except TimeoutError:
            return True

    def _matches(self, line: str) -> bool:
        left = self._ends - time.monotonic()
        if left > 0:
            try:
                return self._search(line, timeout=min(left, MAX_LINE_SECONDS), concurrent=True) is not None
            except TimeoutError:
                pass
        raise TimeoutError("the search took too long; use a simpler pattern, or a glob to search fewer files")


def _read(roots: Roots, path: Path) -> str:
    """The text of a file worth searching, else nothing."""
    found = disk.describe(path)
    if found is None or found.kind != "file" or found.size > MAX_FILE_BYTES:
        return ""
    try:
        return _decoded(disk.read_file(roots, path), path.name)
    except OSError:  # gone, or unreadable: a search shows what there is
        return ""


def _decoded(data: bytes, name: str) -> str:
    """The text of a file worth searching, else nothing."""
    try:
        return text.decode(data, name).text if len(data) <= MAX_FILE_BYTES else ""
    except NotTextError:
        return ""


def _shorten(line: str) -> str:
    return line if len(line) <= MAX_LINE_CHARACTERS else line[:MAX_LINE_CHARACTERS] + "…"
