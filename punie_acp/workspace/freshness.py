"""Whom to believe when the editor and the disk disagree about a file.

The editor may be ahead (unsaved changes) or behind (a command rewrote the file, the buffer was not reloaded yet). The
rule: the editor is believed, except about a file that changed on disk *while we were changing the disk behind the
editor's back* (a command ran, a folder was renamed). There the disk is believed, until the editor's text changes too.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_CLOCK_SLACK = 20_000_000  # nanoseconds by which a disk's time stamps may lag behind the clock
_KEPT_SPANS = 500


class _Version(NamedTuple):
    """One state of a path on disk; of a path that is missing, that of the nearest folder above it."""

    exists: bool
    changed: int  # nanoseconds since the epoch: ctime, because a moved or unpacked file may carry an old mtime


class _Verdict(NamedTuple):
    version: _Version
    stale: str | None  # the editor's text that is out of date; None: the editor is right about this version


class Freshness:
    """What this workspace did to the disk, and when, and what followed for each file."""

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int]] = deque(maxlen=_KEPT_SPANS)
        self._verdicts: dict[Path, _Verdict] = {}

    @contextmanager
    def behind_the_editor(self) -> Generator[None]:
        """What happens on disk within is not the editor's doing."""
        start = time.time_ns() - _CLOCK_SLACK
        try:
            yield
        finally:
            self._spans.append((start, time.time_ns()))

    def trust_editor(self, path: Path) -> None:
        """The editor is right about `path` as long as the disk stays as it is: they agree, or it has just been told."""
        self._verdicts[path] = _Verdict(_version(path), None)

    def editor_is_behind(self, path: Path, editor_text: str) -> bool:
        """Whether `editor_text`, which differs from what is on disk, is out of date."""
        version = _version(path)
        verdict = self._verdicts.get(path)
        if verdict is None or verdict.version != version:
            stale = editor_text if self._was_ours(version.changed) else None
            verdict = self._verdicts[path] = _Verdict(version, stale)
        return verdict.stale == editor_text

    def _was_ours(self, changed: int) -> bool:
        return any(start <= changed <= end for start, end in self._spans)


def _version(path: Path) -> _Version:
    for place in (path, *path.parents):
        try:
            return _Version(place == path, place.stat().st_ctime_ns)
        except OSError:
            continue
    return _Version(exists=False, changed=0)
