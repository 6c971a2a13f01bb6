"""A unified diff, read: which files it makes, changes, moves and deletes, and by which hunks. Pure.

It is read as leniently as a model writes it: counts and line numbers may be wrong or missing, blank context lines may
have lost their space, a fence may stand around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.codemode.tools.git import unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_HUNK = re.compile(r"@@(?: -(?P<start>\d+)(?:,(?P<count>\d+))? \+\d+(?:,\d+)?)?.*")
_NOT_SUPPORTED = (
    ("GIT binary patch", "binary changes"),
    ("Binary files ", "binary changes"),
    ("copy from ", "copies of files"),
    ("old mode ", "changes of a file's mode"),
    ("new file mode 120000", "symbolic links"),
    ("new file mode 160000", "submodules"),
)


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines to find (context and removed ones), and what takes their place. Line ends are not part of them."""

    lines: tuple[str, ...]  # as in the patch, each with its sign
    start: int | None  # the line, from 1, at which the patch says that it begins
    ends_file: bool = False  # "\ No newline at end of file" stands behind its last new line

    @property
    def old(self) -> list[str]:
        """What must be there."""
        return [line[1:] for line in self.lines if line[0] != "+"]

    @property
    def new(self) -> list[str]:
        """What is there afterwards."""
        return [line[1:] for line in self.lines if line[0] != "-"]


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What a patch does to one file. `source` is None where it is made, `target` where it is deleted."""

    source: str | None
    target: str | None
    hunks: tuple[Hunk, ...]

    @property
    def only_adds(self) -> bool:
        """Whether it says that nothing was there: `@@ -0,0 +1,2 @@`, with lines that are added only."""
        return [hunk.start for hunk in self.hunks] == [0] and not self.hunks[0].old


def read_patch(patch: str) -> list[FilePatch]:
    """The files of `patch`. Raises `ValueError` for what is no unified diff, or does what cannot be done here."""
    lines = patch.split("\n")
    if all(line.endswith("\r") for line in lines[:-1]):  # the whole of it came with these line ends
        lines = [line.removesuffix("\r") for line in lines]
    for line in lines:
        for beginning, what in _NOT_SUPPORTED:
            if line.startswith(beginning):
                raise ValueError(f"apply_patch cannot do {what}")
    found = list(_Reader(lines).files())
    if not found:
        raise ValueError('this is no unified diff: it has no "--- a/file" and "+++ b/file" lines')
    return found


class _Reader:
    """Goes through the lines of a patch, once."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0

    def files(self) -> Iterator[FilePatch]:
        while self._at < len(self._lines):
            if self._line.startswith("diff --git "):
                yield from self._git_file()
            elif self._is_header():
                yield self._file(*self._header())
            elif self._line.startswith("@@"):
                raise ValueError(f'line {self._at + 1} of the patch: a hunk without "--- a/file" and "+++ b/file"')
            else:
                self._at += 1

    @property
    def _line(self) -> str:
        return self._lines[self._at]

    def _is_header(self, at: int | None = None) -> bool:
        at = self._at if at is None else at
        pair = self._lines[at : at + 2]
        return len(pair) == 2 and pair[0].startswith("--- ") and pair[1].startswith("+++ ")

    def _header(self) -> tuple[str | None, str | None]:
        source, target = _path(self._line[4:]), _path(self._lines[self._at + 1][4:])
        self._at += 2
        plain = [path for path in (source, target) if path is not None]
        if all(path.startswith(("a/", "b/")) for path in plain):
            return _without_prefix(source), _without_prefix(target)
        return source, target

    def _git_file(self) -> Iterator[FilePatch]:
        """A file with git's own lines: they alone tell of moves, and of empty files made or deleted."""
        names = _names(self._line)
        said: dict[str, str] = {}
        self._at += 1
        while self._at < len(self._lines) and not self._line.startswith(("diff --git ", "@@")):
            if self._is_header():
                source, target = self._header()
                yield self._file(_moved(said, "rename from ", source), _moved(said, "rename to ", target))
                return
            for key in ("rename from ", "rename to ", "new file mode ", "deleted file mode "):
                if self._line.startswith(key):
                    said[key] = self._line[len(key) :].rstrip()
            self._at += 1
        if "rename from " in said and "rename to " in said:
            yield FilePatch(unquoted(said["rename from "]), unquoted(said["rename to "]), ())
        elif names is not None and "new file mode " in said:
            yield FilePatch(None, names[1], ())
        elif names is not None and "deleted file mode " in said:
            yield FilePatch(names[0], None, ())

    def _file(self, source: str | None, target: str | None) -> FilePatch:
        if source is None and target is None:
            raise ValueError("a file that comes from /dev/null and goes to /dev/null is none")
        hunks: list[Hunk] = []
        while self._at < len(self._lines):
            if self._line.startswith("@@"):
                hunks.append(self._hunk())
            elif self._line.strip():
                break
            else:
                self._at += 1
        if not hunks and source == target:
            raise ValueError(f"the patch of {target} has no hunks: each begins with a line @@ -1,3 +1,3 @@")
        return FilePatch(source, target, tuple(hunks))

    def _hunk(self) -> Hunk:
        head = _HUNK.fullmatch(self._line.rstrip())
        start = head["start"] if head is not None else None
        self._at += 1
        lines, ends_file = list[str](), False
        while self._at < len(self._lines) and not self._is_over():
            line = self._line
            if line.startswith("\\"):
                ends_file = ends_file or lines[-1][:1] in {"+", " "} if lines else ends_file
            else:
                lines.append(line or " ")
            self._at += 1
        while lines and lines[-1] == " " and self._lines[self._at - 1] == "" and self._too_long(lines, head):
            lines.pop()
        if not any(line[0] in "+-" for line in lines):
            raise ValueError(f"a hunk of the patch changes nothing (before its line {self._at + 1})")
        return Hunk(tuple(lines), None if start is None else int(start), ends_file)

    def _is_over(self) -> bool:
        """Whether what stands here is no line of a hunk."""
        line = self._line
        if line.startswith("--- ") and self._is_header():
            behind = self._lines[self._at + 2 : self._at + 3]
            return not behind or behind[0].startswith("@@") or not behind[0].strip()
        return bool(line) and line[0] not in " +-\\" and line != "\r"

    def _too_long(self, lines: list[str], head: re.Match[str] | None) -> bool:
        """Whether the blank line at the end is more than the hunk's head promises: then it only ends the text."""
        if head is None or head["start"] is None:
            return True
        return sum(line[0] != "+" for line in lines) > int(head["count"] or 1)


def _path(text: str) -> str | None:
    name = unquoted(text.split("\t", maxsplit=1)[0].rstrip())
    return None if name == "/dev/null" else name


def _without_prefix(path: str | None) -> str | None:
    return None if path is None else path[2:]


def _names(line: str) -> tuple[str, str] | None:
    """The two names of `diff --git a/x b/x`, where they can be told apart."""
    rest = line.removeprefix("diff --git ").rstrip()
    quoted = re.fullmatch(r'("(?:\\.|[^"\\])*") ("(?:\\.|[^"\\])*")', rest)
    if quoted is not None:
        return unquoted(quoted[1])[2:], unquoted(quoted[2])[2:]
    half = len(rest) // 2
    first, second = rest[:half], rest[half + 1 :]
    return (first[2:], second[2:]) if first[2:] == second[2:] else None


def _moved(said: dict[str, str], key: str, path: str | None) -> str | None:
    return unquoted(said[key]) if key in said else path
