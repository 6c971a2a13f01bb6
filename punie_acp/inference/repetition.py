"""Answers that repeat themselves without end, as small models write them where the likeliest token always wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Bound(NamedTuple):
    """From when on a stretch of tokens counts as repeated without end."""

    times: int
    least: int  # tokens of all repetitions together


_VARIED = 8
"""A stretch with so many different tokens is a line or more of code or text; one with fewer may be a row of a table."""
_OF_VARIED = _Bound(5, 192)
_OF_ANY = _Bound(24, 384)  # a table of zeros is shorter
_LONGEST = 128  # tokens of what is repeated
EVERY = 32  # tokens after which it is worth looking again
MOST = 1536
"""So many tokens at the end of an answer tell whether it repeats itself."""


def repeats_itself(tokens: Sequence[int]) -> bool:
    """Whether `tokens`, (time,), end in a stretch of up to 128 of them that has come again and again.

    That is five times where it has at least eight different tokens, and 192 tokens in all; else 24 times, and 384.
    """
    return any(_repeats(tokens, period) for period in range(1, _LONGEST + 1))


def _repeats(tokens: Sequence[int], period: int) -> bool:
    bound = _OF_VARIED if len(set(tokens[-period:])) >= _VARIED else _OF_ANY
    length = max(bound.least, bound.times * period)
    tail = tokens[-length:]
    return len(tail) == length and tail[period:] == tail[:-period]
