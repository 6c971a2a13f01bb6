"""Names that a program can write, made from names that servers give."""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING

from punie_acp.codemode.functions import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

TAKEN = frozenset({*FUNCTIONS, *dir(builtins)})
"""What a program knows by name already, but for modules: those have no underscore within."""

CLASSES = frozenset(
    {"Any", "Literal", "Match", "NamedTuple", "NotRequired", "PathLike", "Result", "TypedDict"}
    | {"TestFailure", "TestRun", "Diagnostic", "GitStatus", "Commit", "Symbol", "Reference"}  # of a project's tools
)
"""Names of types that stubs use already."""


def identifier(text: str) -> str:
    """`text` as a Python name of ASCII letters: `get-issue` becomes `get_issue`, `class` becomes `class_`."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_") or "unnamed"
    name = f"n{name}" if name[0].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) or keyword.issoftkeyword(name) else name


def camel(text: str) -> str:
    """`text` as the name of a class: `get-issue` becomes `GetIssue`."""
    return "".join(part[:1].upper() + part[1:] for part in identifier(text).split("_") if part)


def unique(name: str, taken: Iterable[str]) -> str:
    """`name`, or `name_2`, `name_3`… where that is taken."""
    taken = set(taken)
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def unique_names(texts: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """An identifier for each of `texts`, in their order, no two the same and none in `taken`."""
    used = set(taken)
    names: list[str] = []
    for text in texts:
        names.append(unique(identifier(text), used))
        used.add(names[-1])
    return names
