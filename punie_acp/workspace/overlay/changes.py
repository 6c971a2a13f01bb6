"""What differs in an overlay, path by path, from what lies below it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from punie_acp.workspace import text
from punie_acp.workspace.base import NotTextError
from punie_acp.workspace.checkpoints.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from punie_acp.workspace.states import State

NOTHING: State = (ABSENT, None)


@dataclass(frozen=True, slots=True)
class FileChange:
    """What would become of one path: a file or a link, or a folder that has nothing else to show."""

    path: Path
    before: State
    after: State

    @property
    def kind(self) -> Literal["created", "deleted", "changed"]:
        """What happens to the path."""
        if self.before[0].kind == "absent":
            return "created"
        return "deleted" if self.after[0].kind == "absent" else "changed"

    @property
    def old_text(self) -> str | None:
        """The text that was there; None where there was none."""
        return _text(self.before)

    @property
    def new_text(self) -> str | None:
        """The text that would be there; None where there would be none."""
        return _text(self.after)

    @property
    def mode(self) -> int | None:
        """The permission bits that the path would get; None where they stay, or are those of any new file."""
        after = self.after[0].mode
        return None if after in (0, self.before[0].mode) else after


def _text(state: State) -> str | None:
    if state[1] is None:
        return None
    try:
        return text.decode(state[1], "").text
    except NotTextError:
        return None


@dataclass(slots=True)
class Layer:
    """The states of paths in the overlay, and what was below them when they were first touched."""

    now: dict[Path, State] = field(default_factory=dict["Path", "State"])
    before: dict[Path, State] = field(default_factory=dict["Path", "State"])

    def at(self, path: Path) -> State | None:
        """What is at `path`; None where it is what lies below the overlay.

        A folder stands in `now` only where it was made here, so that what is not known to be in it is not there.
        """
        if not self.now:
            return None
        known = self.now.get(path)
        if known is not None:
            return known
        return NOTHING if any(parent in self.now for parent in path.parents) else None

    def children(self, folder: Path) -> Iterator[tuple[str, State]]:
        """Names and states of what is known to be, or not to be, in `folder`."""
        return ((path.name, state) for path, state in self.now.items() if path.parent == folder)

    def changes(self) -> list[FileChange]:
        """All that is not as it was, by path."""
        found = [FileChange(path, self.before[path], state) for path, state in self.now.items()]
        return sorted((change for change in found if _differs(change)), key=lambda change: change.path)

    def closed(self, paths: Collection[Path]) -> list[FileChange]:
        """The changes at `paths`, with those that they cannot do without: folders above, and what is below one."""
        changes = self.changes()
        wanted = set(paths)
        wanted |= {
            change.path
            for change in changes
            if any(path.is_relative_to(change.path) for path in wanted)
            or (change.before[0].kind == "folder" and _all_gone(change.path, changes, wanted))
        }
        replaced = [c.path for c in changes if c.path in wanted and c.before[0].kind == "folder"]
        return [c for c in changes if c.path in wanted or any(c.path.is_relative_to(path) for path in replaced)]


def _differs(change: FileChange) -> bool:
    before, after = change.before[0], change.after[0]
    if before.kind == after.kind == "folder":
        return False
    return not before.same_content(after) or change.mode is not None


def _all_gone(folder: Path, changes: list[FileChange], wanted: set[Path]) -> bool:
    """Whether all that was in a deleted folder is among `wanted`, and something is."""
    below = [c.path for c in changes if folder in c.path.parents and c.before[0].kind not in ("absent", "folder")]
    return bool(below) and wanted.issuperset(below)
