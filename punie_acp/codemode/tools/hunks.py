"""Hunks put into a text: by their lines, wherever those stand; the patch's line numbers only choose. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.codemode.replacing import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.codemode.tools.patchtext import Hunk


class HunkError(ValueError):
    """A hunk does not fit. `near` tells where it came closest, and quotes the file."""

    def __init__(self, number: int, of: int, why: str, near: str = "") -> None:
        self.plain = f"hunk {number} of {of} {why}"
        super().__init__(self.plain + near)


def patched(text: str, hunks: Sequence[Hunk]) -> str:
    """`text` after all of `hunks`. Raises `HunkError` for the first that does not fit in exactly one place."""
    lines, done, shift = text.split("\n"), 0, 0
    ended = lines[-1] == ""
    if ended:
        lines.pop()
    result: list[str] = []
    for number, hunk in enumerate(hunks, start=1):
        try:
            place = _place(lines, hunk, done, shift)
        except _MissError as miss:
            raise HunkError(number, len(hunks), miss.why, miss.near) from None
        there = lines[place : place + len(hunk.old)]
        result += [*lines[done:place], *_replaced(hunk, there)]
        done = place + len(there)
        shift = place + 1 - hunk.start if hunk.start and hunk.old else shift
    touches_end = bool(hunks) and done == len(lines) and hunks[-1].lines[-1][0] != " "
    result += lines[done:]
    ended = not hunks[-1].ends_file if touches_end else ended
    return "\n".join(result) + ("\n" if ended and result else "")


class _MissError(Exception):
    def __init__(self, why: str, near: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.near = near


def _replaced(hunk: Hunk, there: Sequence[str]) -> list[str]:
    """The new lines; context stays as the file has it, white space at the end of lines included."""
    result, at = list[str](), 0
    for line in hunk.lines:
        if line[0] == "+":
            result.append(line[1:].removesuffix("\r"))
            continue
        result += [there[at]] if line[0] == " " else []
        at += 1
    return result


def _place(lines: Sequence[str], hunk: Hunk, done: int, shift: int) -> int:
    """Where in `lines` the hunk belongs, after the `done` ones. Raises `_MissError`."""
    if not hunk.old:
        return _place_of_insertion(lines, hunk, done)
    places = [at for at in range(done, len(lines) - len(hunk.old) + 1) if _fits(lines, hunk.old, at)]
    if not places:
        early = any(_fits(lines, hunk.old, at) for at in range(done))
        why = "fits only before the hunk above it" if early else "does not fit"
        raise _MissError(why, nearest(lines, hunk.old))
    said = None if hunk.start is None else hunk.start - 1
    exact = [place for place in places if said is not None and place in {said, said + shift}]
    if len(places) > 1 and len(exact) != 1:
        shown = ", ".join(str(place + 1) for place in places[:8])
        raise _MissError(f"fits in {len(places)} places (lines {shown}); give it more lines of context")
    return (exact or places)[0]


def _place_of_insertion(lines: Sequence[str], hunk: Hunk, done: int) -> int:
    if not lines:
        return 0
    if hunk.start is None or not done <= hunk.start <= len(lines):
        raise _MissError("has no lines that say where it belongs; give it some context")
    return hunk.start


def _fits(lines: Sequence[str], old: Sequence[str], at: int) -> bool:
    """Whether `old` stands there, but for white space at the end of lines."""
    if at + len(old) > len(lines):
        return False
    return all(lines[at + offset].rstrip() == line.rstrip() for offset, line in enumerate(old))
