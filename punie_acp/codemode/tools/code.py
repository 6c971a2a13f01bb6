"""`symbols` and `references`: what is in the project's code, by reading it here. They are reads: nothing is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from punie_acp.codemode.calls import Answer, Plan
from punie_acp.codemode.events import CallType
from punie_acp.codemode.planning import read_plan, require
from punie_acp.codemode.tools.languages import language_of, suffixes
from punie_acp.codemode.tools.naming import occurrences
from punie_acp.codemode.tools.outlines import outline
from punie_acp.workspace.base import NotTextError

if TYPE_CHECKING:
    from punie_acp.codemode.events import JsonValue
    from punie_acp.codemode.functions import PathLike, Place
    from punie_acp.codemode.tools.values import Reference

MAX_REFERENCES = 2000
MAX_SHOWN = 50  # in the record of a call

_NAME = re.compile(r"[\w$]+")


async def symbols(place: Place, path: PathLike) -> Plan:
    """Plan to list what a code file defines."""
    target = place.resolve(path, CallType.READ, "read", "Read")
    shown = place.workspace.display(target)

    async def perform(_: object) -> Answer:
        text = await place.workspace.read_text(target)
        if language_of(shown) is None:
            raise ValueError(f"{shown} is not code in a language that symbols() knows; use read_file or search")
        found = await anyio.to_thread.run_sync(outline, text, shown)
        told: list[JsonValue] = [f"{one.kind} {one.name} {one.line}-{one.end_line}" for one in found[:MAX_SHOWN]]
        return Answer(found, {"count": len(found), "symbols": told})

    return read_plan(place, target, perform, part=" for its symbols")


async def references(place: Place, name: str) -> Plan:
    """Plan to find where a name stands in the project's code; of `Class.method`, where `method` does."""
    require(name, str, "a name")
    last = name.strip().removesuffix("()").rpartition(".")[2]
    if not _NAME.fullmatch(last):
        raise TypeError(f"references() takes one name, not {name!r}; search() takes an expression")

    async def perform(_: object) -> Answer:
        found = await _references(place, last)
        told: list[JsonValue] = [f"{one.path}:{one.line}: {one.text[:200]}" for one in found[:MAX_SHOWN]]
        return Answer(found, {"count": len(found), "references": told})

    return Plan(CallType.READ, "search", f"Find references to {last}", perform)


async def _references(place: Place, name: str) -> list[Reference]:
    """What a search finds, file by file as the workspace gives them: unsaved text counts where an editor has it."""
    endings = ",".join(suffix.removeprefix(".") for suffix in suffixes())
    matches = await place.workspace.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", f"**/*.{{{endings}}}")
    found: list[Reference] = []
    for path in dict.fromkeys(match.path for match in matches):
        try:
            text = await place.workspace.read_text(place.workspace.resolve(path))
        except (OSError, NotTextError):  # gone meanwhile
            continue
        found += await anyio.to_thread.run_sync(occurrences, text, path, name)
        if len(found) >= MAX_REFERENCES:
            break
    return found[:MAX_REFERENCES]
