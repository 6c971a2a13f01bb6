"""Answers that repeat themselves without end, as small models write them where the likeliest token always wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 64  # tokens of what is repeated
_TIMES = 24
_LEAST = 384  # tokens of all repetitions together: a table of zeros is shorter
EVERY = 32  # tokens after which it is worth looking again
MOST = _LONGEST * _TIMES
"""So many tokens at the end of an answer tell whether it repeats itself."""


def repeats_itself(tokens: Sequence[int]) -> bool:
    """Whether `tokens`, (time,), end in a stretch of up to 64 of them that has come 24 times, 384 tokens at least."""
    return any(_repeats(tokens, period) for period in range(1, _LONGEST + 1))


def _repeats(tokens: Sequence[int], period: int) -> bool:
    length = max(_LEAST, _TIMES * period)
    tail = tokens[-length:]
    return len(tail) == length and tail[period:] == tail[:-period]
