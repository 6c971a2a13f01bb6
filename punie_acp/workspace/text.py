"""Bytes of a file to text and back, so that what a program did not change stays as it was.

A file is UTF-8 (with or without byte-order mark), UTF-16 or UTF-32 with one, or, where it is none of these and has no
control characters, an old 8-bit text, which is read as cp1252 or else latin-1: both give every byte back.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher

from punie_acp.workspace.base import NotTextError

MAX_TEXT_BYTES = 10 * 1024 * 1024
"""Larger files are not read as text."""

_MARKS = (  # the longer mark first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")  # all but \b \t \n \v \f \r and escape
_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_MAX_COMPARED = 4_000_000  # pairs of lines that are worth comparing to keep each line's own ending


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text file: its text with every line end as it is in the file, and how it is written in bytes."""

    raw: str
    encoding: str
    mark: bytes  # the byte-order mark, often empty

    @property
    def text(self) -> str:
        """The text with newlines as `\\n`."""
        return normalise(self.raw)


def normalise(text: str) -> str:
    """`text` with every line end as `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def decode(data: bytes, name: str) -> Decoded:
    """The text in `data`. `name` is for the message of a `NotTextError`."""
    for mark, encoding in (pair for pair in _MARKS if data.startswith(pair[0])):
        decoded = _decode_exactly(data[len(mark) :], encoding)
        if decoded is not None:
            return Decoded(decoded, encoding, mark)
    if data.startswith(tuple(mark for mark, _ in _MARKS)):
        raise NotTextError(f"{name} begins with the byte-order mark of Unicode text but goes on with something else")
    if b"\0" in data:
        raise NotTextError(f"{name} is a binary file (it contains NUL bytes), not text")
    for encoding in ("utf-8",) if _CONTROL.search(data) else ("utf-8", "cp1252", "latin-1"):
        decoded = _decode_exactly(data, encoding)
        if decoded is not None:
            return Decoded(decoded, encoding, b"")
    raise NotTextError(f"{name} is a binary file, or text in an encoding that is not known")


def _decode_exactly(data: bytes, encoding: str) -> str | None:
    """The text, or None where `data` is not in `encoding`. Each of these codecs gives the same bytes back."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def encode(text: str, name: str, before: Decoded | None = None) -> bytes:
    """The bytes of `text`: written as the file was `before`, or in UTF-8 exactly as given where there was none.

    Lines that did not change keep their own ending; new ones get the commonest. Raises `NotTextError` for a character
    that the file's encoding does not have.
    """
    encoding, mark = (before.encoding, before.mark) if before else ("utf-8", b"")
    shaped = with_line_ends_of(before.raw, text) if before else text
    try:
        return mark + shaped.encode(encoding)
    except UnicodeEncodeError as error:
        character = shaped[error.start]
        raise NotTextError(f"{name} is written in {encoding}, which has no character {character!r}") from error


def with_line_ends_of(old: str, new: str) -> str:
    """`new` with the line ends of `old`. A text without any line end says nothing, and `new` stays as it is."""
    old_lines = _split(old)
    ends = Counter(end for _, end in old_lines if end)
    if not ends:
        return new
    usual = ends.most_common(1)[0][0]
    text = normalise(new)
    if len(ends) == 1:
        return text if usual == "\n" else text.replace("\n", usual)
    return _with_each_lines_end(old_lines, text.split("\n"), usual)


def _split(text: str) -> list[tuple[str, str]]:
    """Lines as (content, ending); the last one's ending is empty. (`str.splitlines` splits at more than that.)"""
    lines = [(found[1], found[2]) for found in _LINE.finditer(text) if found[0]]
    return [*lines, ("", "")] if not lines or lines[-1][1] else lines


def _with_each_lines_end(old: list[tuple[str, str]], new: list[str], usual: str) -> str:
    ends = [usual] * len(new)
    for old_at, new_at, length in _common_runs([content for content, _ in old], new):
        for offset in range(length):
            ends[new_at + offset] = old[old_at + offset][1] or usual
    for at, following in enumerate(new[1:-1]):
        if not following and (ends[at], ends[at + 1]) == ("\r", "\n"):
            ends[at] = "\r\n"  # or the two would become one line end
    return "".join(line + end for line, end in zip(new[:-1], ends, strict=False)) + new[-1]


def _common_runs(old: list[str], new: list[str]) -> list[tuple[int, int, int]]:
    """Runs of equal lines as (place in old, place in new, length): both ends, and between them what difflib finds."""
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - head
    tail = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    runs = [(0, 0, head), (len(old) - tail, len(new) - tail, tail)]
    old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(old_middle) * len(new_middle) <= _MAX_COMPARED:
        matcher = SequenceMatcher(None, old_middle, new_middle, autojunk=False)
        runs += [(head + b.a, head + b.b, b.size) for b in matcher.get_matching_blocks()]
    return runs
