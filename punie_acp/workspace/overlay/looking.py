"""What an overlay shows: its own paths over those of the workspace below."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.workspace import find
from punie_acp.workspace.ignores import Ignores
from punie_acp.workspace.search import MAX_MATCHES, search_contents
from punie_acp.workspace.sensitive import secret_reason
from punie_acp.workspace.stopping import in_stoppable_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punie_acp.workspace.base import Match
    from punie_acp.workspace.checkpoints.values import Kind
    from punie_acp.workspace.overlay.changes import Layer
    from punie_acp.workspace.states import Inner, State


MAX_LINKS = 40
"""One that leads to another that leads to another, as Linux has it."""


class Looking:
    """Kinds, globs and searches over `layer` and what lies below it."""

    def __init__(self, inner: Inner, layer: Layer) -> None:
        self._inner = inner
        self._layer = layer
        self.moved_secrets: dict[Path, str] = {}  # why reading them asks first: where they came from
        self._ignores = {root: Ignores(root) for root in inner.roots}

    def sensitivity(self, path: Path) -> str | None:
        """As `Workspace.sensitivity`; a secret stays one under another name."""
        return self._inner.sensitivity(path) or self.moved_secrets.get(path)

    def state(self, path: Path) -> State | None:
        """What the overlay has at `path`, a link followed once; None where that is what lies below."""
        known = self._layer.at(path)
        if known is None or known[0].kind != "link":
            return known
        return self._layer.at(Path(os.path.normpath(path.parent / known[0].content)))

    def followed(self, path: Path) -> Path:
        """Where `path` leads by way of links that only the overlay has. Raises `OSError`."""
        for _ in range(MAX_LINKS):
            known = self._layer.at(path)
            if known is None or known[0].kind != "link":
                return path
            path = self._inner.resolve(str(path.parent / known[0].content))
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), self._inner.display(path))

    def kind(self, path: Path) -> Kind:
        """What is at `path`."""
        known = self._layer.at(path)
        if known is not None:
            return known[0].kind
        try:
            mode = path.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "absent"
        if stat.S_ISDIR(mode):
            return "folder"
        return "link" if stat.S_ISLNK(mode) else "file" if stat.S_ISREG(mode) else "other"

    async def glob(self, pattern: str, base: Path) -> list[Path]:
        """As `Workspace.glob`."""
        if self._layer.at(base) is None:
            below = [path for path in await self._inner.glob(pattern, base) if self._layer.at(path) is None]
        else:
            below = []  # there is no such folder below
        return sorted({*below, *self._found(pattern, base)})

    def _found(self, pattern: str, base: Path) -> Iterator[Path]:
        """The paths of the overlay itself that match."""
        for one in find.parse(pattern, base):
            start = self._inner.resolve(str(one.start))
            top = next(root for root in self._inner.roots if start.is_relative_to(root))
            walk = find.Walk(one.at(start), self._ignores[top], lambda: False)
            for path, state in self._layer.now.items():
                if state[0].kind != "absent" and walk.finds(path, folder=state[0].kind == "folder"):
                    yield path

    async def search(self, pattern: str, glob: str | None) -> list[Match]:
        """As `Workspace.search`."""
        below = [
            match
            for match in await self._inner.search(pattern, glob)
            if self._layer.at(self._inner.root / match.path) is None
        ]
        own = self._searched(glob)
        found = await in_stoppable_thread(lambda stop: search_contents(own, pattern, stop))
        return sorted([*below, *found], key=lambda match: self._place(match.path))[:MAX_MATCHES]

    def _searched(self, glob: str | None) -> list[tuple[str, bytes]]:
        below = "**" if glob is None else glob if "/" in glob else f"**/{glob}"
        paths = {path for top in self._inner.roots for path in self._found(below, top)}
        states = {path: self._layer.now[path] for path in sorted(paths)}
        return [
            (self._inner.display(path), data)
            for path, (_, data) in states.items()
            if data is not None
            and path not in self.moved_secrets
            and secret_reason(path.relative_to(self._top(path))) is None
        ]

    def _top(self, path: Path) -> Path:
        return next(root for root in self._inner.roots if path.is_relative_to(root))

    def _place(self, name: str) -> tuple[int, Path]:
        """Where a match stands: by the session's folders, then by path."""
        path = self._inner.root / name
        return self._inner.roots.index(self._top(path)), path
