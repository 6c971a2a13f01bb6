"""What may stand around a whole program and is no part of it: a Markdown fence, and indentation of every line."""

from __future__ import annotations

import re
import textwrap

_OPENING = r"\A\s*```[ \t]*(?:python3?|py)?[ \t]*\r?\n"
_FENCE = re.compile(_OPENING + r"(.*?)\r?\n?[ \t]*```\s*\Z", re.DOTALL | re.IGNORECASE)
_OPEN_FENCE = re.compile(_OPENING + r"|\A\s*`{1,3}[ \t]*[a-z0-9]*[ \t]*\r?\Z", re.IGNORECASE)
_FIRST_LINE = re.compile(r"(?:[ \t]*\r?\n)*([ \t]*)\S")


def without_fence(code: str) -> str | None:
    """What stands in the fence around `code`; None where there is none."""
    fenced = _FENCE.match(code)
    return fenced[1] if fenced else None


def behind_opening(begun: str) -> str:
    """`begun`, which goes on, without the opening of a fence or what is there of it."""
    return _OPEN_FENCE.sub("", begun)


def without_margin(code: str) -> str:
    """`code` without the indentation of its first line, where every line has that."""
    first = _FIRST_LINE.match(code)
    if first is None or not first[1]:
        return code
    lines = code.splitlines()
    return textwrap.dedent(code) if all(line.startswith(first[1]) for line in lines if line.strip()) else code
