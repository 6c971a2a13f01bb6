"""`apply_patch`: all hunks of all files fit, and the user sees all diffs in one question, or nothing is written."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from punie_acp.codemode.calls import Answer, Plan, PlanError
from punie_acp.codemode.events import CallType, Change, JsonValue, Location
from punie_acp.codemode.planning import require
from punie_acp.codemode.tools.hunks import HunkError, patched
from punie_acp.codemode.tools.patchtext import read_patch

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.codemode.events import ToolKind
    from punie_acp.codemode.functions import Place
    from punie_acp.codemode.tools.patchtext import FilePatch
    from punie_acp.workspace.base import Workspace

SHOWN_NAMES = 3


@dataclass(slots=True)
class _Outcome:
    """What the project will be after the patch, worked out before anything is written."""

    place: Place
    before: dict[Path, str | None] = field(default_factory=dict["Path", "str | None"])
    after: dict[Path, str | None] = field(default_factory=dict["Path", "str | None"])
    moves: list[tuple[Path, Path]] = field(default_factory=list["tuple[Path, Path]"])

    async def take(self, part: FilePatch) -> None:
        """Add what the patch does to one file. Raises `OSError`, `ValueError` with the file's name."""
        source = None if part.source is None else self._resolve(part.source)
        target = None if part.target is None else self._resolve(part.target)
        if source is not None and source == target and part.only_adds and await self._is_missing(source):
            source = None  # a new file, whose header does not say so
        old = "" if source is None else await self._text(source)
        if target is not None and target != source and await self._exists(target):
            raise FileExistsError(f"{self._name(target)} exists already")
        new = self._patched(old, part, source or target)
        if target is None:
            assert source is not None
            if new:
                raise ValueError(f"{self._name(source)} is to be deleted, but has more in it than the patch shows")
            self.after[source] = None
            return
        if source is not None and source != target:
            self.moves.append((source, target))
            self.after[source] = None
        self.after[target] = new

    def _resolve(self, path: str) -> Path:
        return self.place.resolve(path, CallType.WRITE, "edit", "Patch")

    def _name(self, path: Path) -> str:
        return self.place.workspace.display(path)

    async def _text(self, path: Path) -> str:
        if path not in self.after:
            self.before[path] = self.after[path] = await self.place.workspace.read_text(path)
        text = self.after[path]
        if text is None:
            raise FileNotFoundError(f"no file {self._name(path)}: the patch has deleted or moved it")
        return text

    async def _exists(self, path: Path) -> bool:
        if path not in self.after:
            self.before[path] = None
            return await self.place.workspace.stat(path) is not None
        return self.after[path] is not None

    async def _is_missing(self, path: Path) -> bool:
        return path not in self.after and await self.place.workspace.stat(path) is None

    def _patched(self, old: str, part: FilePatch, path: Path | None) -> str:
        assert path is not None
        try:
            return patched(old, part.hunks)
        except HunkError as error:
            secret = self.place.workspace.sensitivity(path) is not None
            raise ValueError(f"{self._name(path)}: {error.plain if secret else error}") from None

    @property
    def paths(self) -> list[Path]:
        """All that the patch touches, in its order."""
        return list(self.after)

    def changes(self) -> tuple[Change, ...]:
        """What to show: one diff a file; of a moved one where it goes, with what is changed on the way."""
        sources = {target: source for source, target in self.moves}
        shown = [path for path in self.after if path not in sources.values() or self.after[path] is not None]
        texts = [(path, self.before.get(sources.get(path, path)), self.after[path] or "") for path in shown]
        return tuple(Change(str(path), old, new) for path, old, new in texts)

    @property
    def deletes(self) -> bool:
        """Whether a file goes that is not moved."""
        moved = {source for source, _ in self.moves}
        return any(text is None and path not in moved for path, text in self.after.items())


async def apply_patch(place: Place, patch: str) -> Plan:
    """Plan to apply a unified diff to the project."""
    require(patch, str, "the patch")
    outcome = _Outcome(place)
    try:
        for part in read_patch(patch):
            await outcome.take(part)
    except (OSError, ValueError) as error:
        raise PlanError(error, CallType.WRITE, "edit", "Apply a patch") from error
    names = [place.workspace.display(path) for path in outcome.paths if outcome.after[path] is not None]
    names += [place.workspace.display(path) for path in outcome.paths if outcome.after[path] is None]

    async def perform(_: object) -> Answer:
        await _as_planned(place.workspace, outcome)
        await _Writing(place.workspace).write(outcome)
        told: list[JsonValue] = [*names]
        return Answer(names, {"files": told})

    # A deletion is asked about as one, whatever else the patch does: "always allow" of edits does not cover it.
    kind: ToolKind = "delete" if outcome.deletes else "edit"
    locations = tuple(Location(str(path)) for path in outcome.paths)
    return Plan(CallType.WRITE, kind, _title(names), perform, locations, outcome.changes(), value=names)


def _title(names: list[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return f"Apply a patch to {', '.join(names[:SHOWN_NAMES])}" + (f" and {more} more" if more > 0 else "")


async def _as_planned(workspace: Workspace, outcome: _Outcome) -> None:
    """Raises `ValueError` where a file is not any more what the patch was fitted to."""
    for path, before in outcome.before.items():
        now = await workspace.read_text(path) if await workspace.stat(path) is not None else None
        if now != before:
            raise ValueError(f"{workspace.display(path)} changed while this patch waited; read it again")


class _Writing:
    """Writes, and takes back what it has written where the next step fails."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._undo: list[tuple[Path, bytes | None]] = []  # what was there before, in the order of the steps
        self._made: list[Path] = []  # folders, the deepest of each file first

    async def write(self, outcome: _Outcome) -> None:
        """Have the project as `outcome` says. Raises what a step raises, with nothing changed."""
        try:
            for source, target in outcome.moves:  # a moved file keeps its encoding, line ends and mode
                await self._remember(source, target)
                await self._workspace.make_directory(target.parent, parents=True, exist_ok=True)
                await self._workspace.rename(source, target)
            for path, text in outcome.after.items():
                await self._set(path, text)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._take_back()
            raise

    async def _set(self, path: Path, text: str | None) -> None:
        exists = await self._workspace.stat(path) is not None
        if text is None and exists:
            await self._remember(path)
            await self._workspace.delete(path)
        elif text is not None and (not exists or await self._workspace.read_text(path) != text):
            await self._remember(path)
            await self._workspace.write_text(path, text)

    async def _remember(self, *paths: Path) -> None:
        for path in paths:
            exists = await self._workspace.stat(path) is not None
            self._undo.append((path, await self._workspace.read_bytes(path) if exists else None))
            for folder in path.parents:
                if await self._workspace.stat(folder) is not None:
                    break
                self._made.append(folder)

    async def _take_back(self) -> None:
        for path, data in reversed(self._undo):
            with suppress(OSError):  # the rest is still worth taking back
                if data is not None:
                    await self._workspace.write_bytes(path, data)
                elif await self._workspace.stat(path) is not None:
                    await self._workspace.delete(path)
        for folder in self._made:
            with suppress(OSError):
                await self._workspace.delete(folder)
