"""What was at a path before and after, and what undoing came to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["absent", "file", "link", "folder", "other"]
ChangeKind = Literal["created", "deleted", "changed"]

_NOT_KEPT = "not kept:"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is at one path. Two are equal where nobody could tell them apart."""

    kind: Kind
    mode: int = 0  # permission bits; 0 for what has none of its own
    content: str = ""  # of a file the SHA-256 of its bytes, of a link where it leads

    @property
    def is_kept(self) -> bool:
        """Whether it could be brought back: a file's content was small enough to be kept."""
        return self.kind != "other" and not self.content.startswith(_NOT_KEPT)

    def same_content(self, other: Entry) -> bool:
        """Whether only the mode may differ."""
        return (self.kind, self.content) == (other.kind, other.content)

    def as_json(self) -> str:
        """As text, for the database."""
        return json.dumps([self.kind, self.mode, self.content])

    @classmethod
    def from_json(cls, text: str) -> Entry:
        """The entry that `as_json` wrote."""
        return cls(*json.loads(text))


ABSENT = Entry("absent")


def file_entry(data: bytes, mode: int) -> Entry:
    """A file with this content."""
    return Entry("file", mode, hashlib.sha256(data).hexdigest())


def file_not_kept(mode: int, *facts: int) -> Entry:
    """A file whose content is not kept; `facts` tell its states apart (size, times)."""
    return Entry("file", mode, _NOT_KEPT + ",".join(map(str, facts)))


@dataclass(frozen=True, slots=True)
class Touched:
    """One path that a turn touched."""

    path: Path
    before: Entry
    after: Entry
    disturbed: bool = False  # somebody else changed it too, between two touches of the same turn


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One turn that can be undone, or one undo."""

    turn: str
    undo_of: str | None  # the turn that was undone by this
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a turn did to one path, for people."""

    path: Path
    kind: ChangeKind
    diff: str  # unified, or a sentence where there can be none


@dataclass(frozen=True, slots=True)
class Conflict:
    """A path that was left as it is."""

    path: Path
    reason: str  # follows the path in a sentence: "was changed since"


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What undoing a turn came to. `undo` is the checkpoint by which it can be undone itself."""

    turn: str
    undo: str
    restored: tuple[Path, ...]
    conflicts: tuple[Conflict, ...]
