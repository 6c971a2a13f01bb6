"""Modes `review` and `plan`: a program's changes go to an overlay, and are asked about, or planned, at its end.

In `review` there is one tool call with all diffs after each program, and one question. What is accepted lands as a
whole or not at all. Of a program that failed, nothing does. In `plan` nothing ever lands: see `planning`.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from punie_acp.codemode.calls import describe
from punie_acp.codemode.events import CallFinished, CallRequested, CallStarted, CallType, Change, Location
from punie_acp.server.choosing import ALL, choose
from punie_acp.server.planning import Planning
from punie_acp.server.undo import kept_outputs, review_folder
from punie_acp.server.updates import wire
from punie_acp.workspace.overlay import ConflictError, OverlayWorkspace
from punie_acp.workspace.recording import RecordingWorkspace

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
    from pathlib import Path

    from punie_acp.codemode.early.ahead import ReadingAhead
    from punie_acp.codemode.events import JsonValue, Observer, ProgramLimits, ProgramOutcome
    from punie_acp.codemode.extra import ExtraFunctions
    from punie_acp.codemode.sandbox import Sandbox
    from punie_acp.codemode.surviving.going_on import GoingOn
    from punie_acp.protocol.messages import Params
    from punie_acp.server.keeping import StoreKeeper
    from punie_acp.server.session import Session
    from punie_acp.workspace.overlay import FileChange

NAMED_FILES = 20
"""Of changes that were not written, to the model."""


class ReviewedPrograms:
    """Runs the programs of one turn in `sandbox`, each as the session's mode has it when it begins."""

    def __init__(
        self,
        sandbox: Sandbox,
        session: Session,
        tell: Callable[[Params], Awaitable[None]],
        keeper: StoreKeeper,
        going_on: GoingOn | None = None,
    ) -> None:
        """`tell` takes session updates. `keeper` keeps programs; not those whose changes wait in an overlay.

        `going_on`: the first program is one that another process has begun.
        """
        self._keeper = keeper
        self._going_on = going_on
        self._sandbox = sandbox
        self._session = session
        self._tell = tell
        self._planned: OverlayWorkspace | None = None  # what later programs of the turn see of earlier ones' plans
        self.planning = Planning()

    @property
    def extra(self) -> ExtraFunctions:
        """The further functions that programs may call."""
        return self._sandbox.extra

    async def run(
        self, code: str, *, program_id: str, observer: Observer, limits: ProgramLimits | None = None
    ) -> ProgramOutcome:
        """As `Sandbox.run`."""
        going_on, self._going_on = self._going_on, None
        if going_on is not None:
            outcome = await self._sandbox.go_on(going_on, observer=observer, keeper=self._keeper)
            self._keeper.end(program_id)
            return outcome
        workspace, mode = self._session.workspace, self._session.options.mode
        if mode not in ("review", "plan") or not isinstance(workspace, RecordingWorkspace):
            outcome = await self._sandbox.run(
                code, program_id=program_id, observer=observer, limits=limits, keeper=self._keeper
            )
            self._keeper.end(program_id)
            return outcome
        if mode == "plan":
            return await self._plan(code, program_id, observer, limits, workspace)
        overlay = self._overlay(workspace, program_id)
        try:
            async with self._waiting(overlay):
                outcome = await self._sandbox.run(
                    code, program_id=program_id, observer=observer, limits=limits, workspace=overlay
                )
            return await _Review(self._session, overlay, program_id, observer, self._tell).of(outcome)
        finally:
            await overlay.close()

    def read_ahead(
        self, program_id: str, observer: Observer, limits: ProgramLimits | None = None
    ) -> ReadingAhead | None:
        """As `Sandbox.read_ahead`; None in the modes in which a program reads from an overlay."""
        if self._session.options.mode in ("review", "plan"):
            return None
        return self._sandbox.read_ahead(program_id, observer, limits)

    def _overlay(self, workspace: RecordingWorkspace, program_id: str) -> OverlayWorkspace:
        record, settings = self._session.record, self._session.settings
        return OverlayWorkspace(
            workspace,
            review_folder(record, settings) / program_id.replace("/", "-"),
            variables=settings.command_variables.split(),
            outputs=kept_outputs(record, settings),
        )

    @asynccontextmanager
    async def _waiting(self, overlay: OverlayWorkspace) -> AsyncGenerator[None]:
        """Within this, changes of files go to `overlay`, those of typed tools too, and are not asked about."""
        session = self._session
        if session.tool_place is not None:
            session.tool_place.workspace = overlay
        session.permissions.changes_wait = True
        try:
            yield
        finally:
            session.permissions.changes_wait = False
            if session.tool_place is not None:
                session.tool_place.workspace = session.workspace

    async def _plan(
        self,
        code: str,
        program_id: str,
        observer: Observer,
        limits: ProgramLimits | None,
        workspace: RecordingWorkspace,
    ) -> ProgramOutcome:
        self._planned = overlay = self._planned or self._overlay(workspace, program_id)
        async with self._waiting(overlay):
            watching = self.planning.watching(observer)
            outcome = await self._sandbox.run(
                code, program_id=program_id, observer=watching, limits=limits, workspace=overlay
            )
        self.planning.take(overlay)
        if self.planning.steps:
            await self._tell(self.planning.update())
        return replace(outcome, effects=(), note=self.planning.note())

    async def close(self) -> None:
        """The turn has ended."""
        if self._planned is not None:
            await self._planned.close()


class _Review:
    """The end of one program: its changes are shown, asked about, and landed."""

    def __init__(
        self,
        session: Session,
        overlay: OverlayWorkspace,
        program_id: str,
        observer: Observer,
        tell: Callable[[Params], Awaitable[None]],
    ) -> None:
        self._session = session
        self._overlay = overlay
        self._program_id = program_id
        self._observer = observer
        self._tell = tell

    async def of(self, outcome: ProgramOutcome) -> ProgramOutcome:
        """The program's outcome, with what has become of its changes."""
        changes = [change for change in self._overlay.changes() if change.after[0].kind != "folder"]
        if not self._overlay.changes():
            return outcome
        if outcome.error is not None:
            note = "None of its changes to files was written, because it failed."
            return replace(outcome, effects=(), note=note)
        return replace(outcome, effects=(), note=await self._decide(changes))

    async def _decide(self, changes: Sequence[FileChange]) -> str:
        """Ask, and land what is accepted. Says for the model what has become of the changes."""
        call = self._call(changes)
        await self._observer.emit(call)
        try:
            accepted = await choose(self._session, call, [change.path for change in changes])
            if len(changes) > 1:  # a question about one of them has shown that one alone
                await self._tell(wire.call_update(call.call_id, content=[wire.diff(one) for one in call.changes]))
            return await self._land(call, changes, accepted)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._observer.emit(
                    CallFinished(call.call_id, "cancelled", error="cancelled; nothing was written")
                )
            raise

    def _call(self, changes: Sequence[FileChange]) -> CallRequested:
        count = len(changes)
        named: list[JsonValue] = [{"path": self._name(change.path), "change": change.kind} for change in changes]
        return CallRequested(
            call_id=f"{self._program_id}/review",
            program_id=self._program_id,
            type=CallType.WRITE,
            kind="edit",
            function="review",
            title=f"Write {count} changed file{'' if count == 1 else 's'}" if count else "Make or remove folders",
            source_line=None,
            raw_input={"files": named},
            locations=tuple(Location(str(change.path)) for change in changes),
            changes=tuple(shown for change in changes if (shown := _diff(change)) is not None),
        )

    async def _land(self, call: CallRequested, changes: Sequence[FileChange], accepted: Collection[Path] | None) -> str:
        if accepted is not ALL and not accepted:
            note = f"the user refused all of its changes; not written: {self._names(changes)}"
            await self._observer.emit(CallFinished(call.call_id, "refused", error=note))
            return f"Nothing was written: {note}"
        await self._observer.emit(CallStarted(call.call_id))
        try:
            landed = await self._overlay.land(accepted)
        except (ConflictError, OSError) as error:
            await self._observer.emit(CallFinished(call.call_id, "failed", error=_said(error)))
            return f"The user accepted the changes, but nothing was written: {_said(error)}"
        written = {change.path for change in landed}
        left = [change for change in changes if change.path not in written]
        count = len(changes) - len(left)
        raw: JsonValue = {"written": [self._name(change.path) for change in changes if change.path in written]}
        await self._observer.emit(CallFinished(call.call_id, "completed", raw))
        if not left:
            return f"The user accepted its changes, and they are written: {self._names(changes or landed)}"
        return f"The user accepted {count} of its {len(changes)} changes; not written: {self._names(left)}"

    def _name(self, path: Path) -> str:
        return self._overlay.display(path)

    def _names(self, changes: Sequence[FileChange]) -> str:
        names = [self._name(change.path) for change in changes[:NAMED_FILES]]
        more = len(changes) - len(names)
        return ", ".join([*names, *([f"and {more} more"] if more else [])])


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ConflictError) else describe(error)


def _diff(change: FileChange) -> Change | None:
    """A change as a diff; None where there is no text to show."""
    if change.old_text is None and change.new_text is None:
        return None
    return Change(str(change.path), change.old_text, change.new_text or "")
