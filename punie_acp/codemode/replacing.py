"""Replacing one place in a text, and saying where it was missed: the nearest lines, and whether white space is why."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COMPARED_LINES = 4000
"""In longer files, a missing text is not looked for by likeness: it would take seconds."""
LEAST_LIKENESS = 0.6
MAX_CLOSE_PLACES = 20
"""So many places that begin alike are compared as a whole."""
MAX_QUOTED_LINES = 20


def replace_once(text: str, old: str, new: str, name: str) -> str:
    """`text` with the only `old` replaced. Raises `ValueError` that says what to do where it is not the only one."""
    if not old:
        raise ValueError("the old text is empty; use write_file to replace a whole file")
    places = text.count(old)
    if places == 1:
        return text.replace(old, new)
    if places == 0:
        raise ValueError(f"the old text is not in {name}{nearest(text.splitlines(), old.splitlines())}")
    lines = [str(text.count("\n", 0, start) + 1) for start in _starts(text, old)[:8]]
    raise ValueError(
        f"the old text is in {name} {places} times (lines {', '.join(lines)}); add lines around it until it is unique"
    )


def _starts(text: str, part: str) -> list[int]:
    starts = [text.find(part)]
    while (following := text.find(part, starts[-1] + len(part))) != -1:
        starts.append(following)
    return starts


def nearest(lines: Sequence[str], wanted: Sequence[str]) -> str:
    """Where in `lines` something like `wanted` stands, as the end of a sentence."""
    wanted = _without_blank_ends(wanted)
    if not lines or not wanted or len(lines) > MAX_COMPARED_LINES:
        return "; read the file and copy the text exactly"
    best = _best_place(lines, wanted)
    if best is None:
        return " and nothing like it is; read the file and copy the text exactly"
    there = lines[best : best + len(wanted)]
    found = "\n".join([*there[:MAX_QUOTED_LINES], *(["…"] if len(there) > MAX_QUOTED_LINES else [])])
    if "".join("".join(there).split()) == "".join("".join(wanted).split()):
        return f"; line {best + 1} differs from it only in white space:\n{found}"
    return f"; the nearest is at line {best + 1}:\n{found}"


def _without_blank_ends(lines: Sequence[str]) -> Sequence[str]:
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else ()


def _best_place(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The index in `lines` of what is most like `wanted`; None where nothing is."""
    stripped = [line.strip() for line in lines]
    goal = [line.strip() for line in wanted]
    matcher = difflib.SequenceMatcher(autojunk=False)
    # By any line of it: the first may be the one that the program has wrong.
    scores: dict[int, float] = {}
    for offset, line in enumerate(goal[:3]):
        matcher.set_seq2(line)
        for place, found in enumerate(stripped[offset:] if line else ()):
            scores[place] = max(scores.get(place, 0.0), _likeness(matcher, found))
    close = sorted((place for place in scores if scores[place] >= LEAST_LIKENESS), key=lambda at: (-scores[at], at))
    if not close:
        return None
    matcher.set_seq2("\n".join(goal))
    return max(close[:MAX_CLOSE_PLACES], key=lambda at: _whole(matcher, stripped[at : at + len(goal)]))


def _whole(matcher: difflib.SequenceMatcher[str], lines: list[str]) -> float:
    matcher.set_seq1("\n".join(lines))
    return matcher.quick_ratio()


def _likeness(matcher: difflib.SequenceMatcher[str], line: str) -> float:
    matcher.set_seq1(line)
    enough = matcher.real_quick_ratio() >= LEAST_LIKENESS and matcher.quick_ratio() >= LEAST_LIKENESS
    return matcher.ratio() if enough else 0.0
