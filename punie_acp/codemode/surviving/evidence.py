"""Whether a write happened before its process was killed, by what there is now."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.codemode.surviving.kept import Trace
from punie_acp.workspace.base import NotTextError

if TYPE_CHECKING:
    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.surviving.kept import KeptCall
    from punie_acp.workspace.base import Workspace


def traces_of(plan: Plan) -> tuple[Trace, ...]:
    """What will tell whether a write has happened; called just before it does."""
    if plan.bytes_after is not None:
        path = plan.locations[0].path
        return (Trace(path, _file_digest(Path(path)), _digest(plan.bytes_after), is_text=False),)
    return tuple(Trace(one.path, _text_digest(one.old_text), _text_digest(one.new_text)) for one in plan.changes)


async def has_happened(call: KeptCall, workspace: Workspace) -> bool | None:
    """Whether a write that had begun has happened, as a whole; None where that cannot be seen."""
    paths = [Path(path) for path in call.locations]
    if call.traces:
        return await _by_content(call, workspace)
    there = [await workspace.stat(path) is not None for path in paths]
    if call.kind == "delete":
        return not any(there)
    if call.kind == "move" and len(paths) == 2:
        return there[1] if there[0] != there[1] else None
    if call.called.endswith("mkdir"):
        return all(there)
    return None


async def _by_content(call: KeptCall, workspace: Workspace) -> bool | None:
    if {trace.path for trace in call.traces} != set(call.locations):
        return None
    now = [await _look(trace, workspace) for trace in call.traces]
    if now == [trace.after for trace in call.traces]:
        return True
    return False if now == [trace.before for trace in call.traces] else None


async def _look(trace: Trace, workspace: Workspace) -> str | None:
    if not trace.is_text:
        return _file_digest(Path(trace.path))
    try:
        return _text_digest(await workspace.read_text(Path(trace.path)))
    except FileNotFoundError:
        return None
    except (OSError, NotTextError):
        return "unreadable"


def _text_digest(text: str | None) -> str | None:
    return None if text is None else _digest(text.encode("utf-8", "surrogatepass"))


def _file_digest(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes())
    except OSError:
        return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
