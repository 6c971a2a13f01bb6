"""The parts of a source file that somebody names: its functions, classes, methods and constants."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from punie_acp.codemode.tools.values import Symbol


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a file has under a name, as it stands there."""

    symbol: Symbol
    text: str  # without the indentation that all of it has, with its decorators


def excerpts(text: str, symbols: Iterable[Symbol], names: Collection[str]) -> list[Excerpt]:
    """What a source file has under `names`, in its order; of variables only constants, which are written in capitals.

    `symbols`: what it defines, as `outline` says. Of a class and a method of it that are both named, the method.
    """
    named = [one for one in symbols if one.name in names and _is_part(one)]
    chosen = [one for one in named if not (one.kind == "class" and any(_holds(one, other) for other in named))]
    outermost = [one for one in chosen if not any(_holds(other, one) for other in chosen)]
    lines = text.splitlines()
    return [Excerpt(one, _text(lines, one)) for one in outermost]


def _is_part(symbol: Symbol) -> bool:
    return symbol.kind != "variable" or (symbol.name.isupper() and not symbol.parent)


def _holds(outer: Symbol, inner: Symbol) -> bool:
    return outer.line <= inner.line and inner.end_line <= outer.end_line and outer != inner


def _text(lines: Sequence[str], symbol: Symbol) -> str:
    begin = symbol.line - 1
    while begin and lines[begin - 1].lstrip().startswith("@"):
        begin -= 1
    return textwrap.dedent("\n".join(lines[begin : symbol.end_line]))
