"""What is put right before a program is checked, where its meaning is plain. The user is told of each repair."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(
    r"\A\s*```[ \t]*(?:python|py|python3)?[ \t]*\r?\n(.*?)\r?\n?[ \t]*```\s*\Z", re.DOTALL | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Repaired:
    """A program after its repairs, and one sentence for each of them."""

    code: str
    notes: tuple[str, ...] = ()


def repair(code: str) -> Repaired:
    """The program, ready to be checked."""
    fenced = _FENCE.match(code)
    if fenced:
        return Repaired(fenced[1], ("The Markdown fence around the program was taken off.",))
    return Repaired(code)
