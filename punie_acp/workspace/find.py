"""Finding files by name. It blocks, so it runs in a thread, and can be told to stop."""

from __future__ import annotations

import fnmatch
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.workspace.paths import parts_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from punie_acp.workspace.ignores import Ignores

_MAGIC = re.compile(r"[*?\[]")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MAX_ALTERNATIVES = 256


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The caller no longer wants the answer."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One glob pattern without braces: a folder to start from, and a test for each component below it."""

    start: Path
    parts: tuple[str, ...]
    folders_only: bool

    def at(self, start: Path) -> Pattern:
        """The same pattern from another folder."""
        return replace(self, start=start)


def parse(pattern: str, base: Path) -> list[Pattern]:
    """The patterns that `pattern` stands for, `{a,b}` expanded. Leading literal components move the start.

    Raises `ValueError` for an empty pattern, or `..` after a wildcard.
    """
    if not pattern:
        raise ValueError("an empty pattern matches nothing")
    return [_parse_one(alternative, base) for alternative in _expand(pattern)]


def _expand(pattern: str) -> list[str]:
    expanded = [pattern]
    while any(_BRACES.search(text) for text in expanded):
        expanded = [variant for text in expanded for variant in _expand_first(text)]
        if len(expanded) > _MAX_ALTERNATIVES:
            raise ValueError(f"the braces in {pattern!r} stand for more than {_MAX_ALTERNATIVES} patterns")
    return expanded


def _expand_first(text: str) -> list[str]:
    found = _BRACES.search(text)
    if found is None:
        return [text]
    return [text[: found.start()] + choice + text[found.end() :] for choice in found[1].split(",")]


def _parse_one(pattern: str, base: Path) -> Pattern:
    parts = [part for part in pattern.split("/") if part not in {"", "."}]
    literal = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    if ".." in parts[literal:]:
        raise ValueError(f"'..' after a wildcard is not supported in the pattern {pattern!r}")
    start = Path("/") if pattern.startswith("/") else base
    rest = [part for i, part in enumerate(parts[literal:]) if part != "**" or i == 0 or parts[literal + i - 1] != "**"]
    return Pattern(Path(start, *parts[:literal]), tuple(rest), pattern.endswith("/"))


class Walk:
    """One walk over the folders below `start`, reading each folder once, whatever the pattern.

    A state is a position in the pattern's parts: `**` stays where it is and lets the next part try as well.
    """

    def __init__(self, pattern: Pattern, ignores: Ignores, stop: Callable[[], bool]) -> None:
        self._parts = pattern.parts
        self._folders_only = pattern.folders_only
        self._tests = [re.compile(fnmatch.translate(part)).match for part in pattern.parts]
        self._named = {part for part in pattern.parts if not _MAGIC.search(part)}
        self._ignores = ignores
        self._stop = stop
        self._start = pattern.start

    def run(self) -> Iterator[Path]:
        """The matching paths, in no particular order. Raises `Stopped`."""
        if not self._parts:
            if self._start.exists() and (self._start.is_dir() or not self._folders_only):
                yield self._start
        elif self._start.is_dir():
            # Who names a hidden folder wants to see into it.
            shown = self._ignores.hides(self._start, folder=True)
            yield from self._folder(self._start, self._close({0}), shown=shown)

    def finds(self, path: Path, *, folder: bool) -> bool:
        """Whether the walk would come upon `path`, if that were there; `folder` says what it would be."""
        below = parts_below(path, self._start)
        if not below or not self._parts:
            return below == [] and not self._parts and (folder or not self._folders_only)
        states, place = self._close({0}), self._start
        shown = self._ignores.hides(place, folder=True)
        for name in below:
            place, states = place / name, self._step(name, states)
            hidden = not shown and self._ignores.hides_entry(str(place), folder=folder or place != path)
            if not states or (hidden and name not in self._named):
                return False
            shown = shown or hidden
        return len(self._parts) in states and (folder or not self._folders_only)

    def _folder(self, folder: Path, states: frozenset[int], *, shown: bool) -> Iterator[Path]:
        if self._stop():
            raise Stopped
        for entry in _entries(folder):
            after = self._step(entry.name, states)
            if not after:
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            named = entry.name in self._named
            hidden = not shown and self._ignores.hides_entry(entry.path, folder=is_folder)
            if hidden and not named:
                continue
            path = folder / entry.name
            if len(self._parts) in after and (is_folder or not self._folders_only):
                yield path
            # A linked folder is listed and not entered: its files have another path, and links can go round.
            if is_folder and any(state < len(self._parts) for state in after):
                yield from self._folder(path, after, shown=shown or hidden)

    def _step(self, name: str, states: frozenset[int]) -> frozenset[int]:
        after: set[int] = set()
        for state in states:
            if state == len(self._parts):
                continue
            if self._parts[state] == "**":
                after.add(state)
            elif self._tests[state](name):
                after.add(state + 1)
        return self._close(after)

    def _close(self, states: set[int]) -> frozenset[int]:
        """`**` also stands for no folder at all."""
        skipping = {state + 1 for state in states if state < len(self._parts) and self._parts[state] == "**"}
        return frozenset(states | skipping)


def _entries(folder: Path) -> Sequence[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # gone, or not ours to read: a glob shows what there is
        return ()
