"""What a turn did to its files, as unified diffs."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from punie_acp.workspace import text
from punie_acp.workspace.base import NotTextError
from punie_acp.workspace.checkpoints.values import FileChange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from punie_acp.workspace.checkpoints.values import ChangeKind, Entry, Touched

    Content = Callable[[Entry], bytes | None]

MAX_LINES = 20_000
"""Of a file that is compared line by line; difflib takes seconds for more."""


def file_changes(touched: Sequence[Touched], content: Content, root: Path) -> list[FileChange]:
    """One change for each path, with paths relative to `root` in the diffs."""
    return [FileChange(one.path, _kind(one), _diff(one, content, _shown(one.path, root))) for one in touched]


def _kind(touched: Touched) -> ChangeKind:
    if touched.before.kind == "absent":
        return "created"
    return "deleted" if touched.after.kind == "absent" else "changed"


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _diff(touched: Touched, content: Content, name: str) -> str:
    before, after = touched.before, touched.after
    notes = _notes(before, after, name)
    if before.same_content(after) or "file" not in (before.kind, after.kind):
        return "\n".join(notes)
    old, new = _lines(before, content, name), _lines(after, content, name)
    if old is None or new is None:
        return "\n".join([*notes, f"{name}: its content is not text, or too large to be compared"])
    old_name = "/dev/null" if before.kind == "absent" else f"a/{name}"
    new_name = "/dev/null" if after.kind == "absent" else f"b/{name}"
    lines = difflib.unified_diff(old, new, old_name, new_name, lineterm="")
    return "\n".join([*notes, *lines])


def _notes(before: Entry, after: Entry, name: str) -> list[str]:
    """What a diff of lines does not say."""
    if before.kind == after.kind == "file":
        return [f"{name}: mode {before.mode:o} → {after.mode:o}"] if before.mode != after.mode else []
    if {before.kind, after.kind} <= {"absent", "file"}:
        return [f"{name}: empty file"] if _is_empty(before) or _is_empty(after) else []
    return [f"{name}: {_described(before)} → {_described(after)}"]


_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing


def _is_empty(entry: Entry) -> bool:
    return entry.kind == "file" and entry.content == _EMPTY


def _described(entry: Entry) -> str:
    if entry.kind == "link":
        return f"link to {entry.content}"
    return {"absent": "nothing", "file": "file", "folder": "folder"}.get(entry.kind, "neither file nor folder")


def _lines(entry: Entry, content: Content, name: str) -> list[str] | None:
    if entry.kind != "file":
        return []
    data = content(entry)
    if data is None or len(data) > text.MAX_TEXT_BYTES:
        return None
    try:
        lines = text.decode(data, name).text.splitlines()
    except NotTextError:
        return None
    return lines if len(lines) <= MAX_LINES else None
