"""Mode `plan`: what programs would write and run, as ACP's plan."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from punie_acp.codemode.events import CallType

if TYPE_CHECKING:
    from punie_acp.codemode.events import CallRequested, Decision, Event, Observer
    from punie_acp.protocol.messages import Params
    from punie_acp.workspace.overlay import FileChange, OverlayWorkspace

COMPARED_LINES = 20_000
"""Of larger files the lines are not counted: comparing them takes seconds."""


@dataclass(slots=True)
class Planning:
    """The plan of one turn: changes of files first, then commands in the order in which they were asked for."""

    _changes: list[str] = field(default_factory=list[str])
    _commands: list[str] = field(default_factory=list[str])

    @property
    def steps(self) -> list[str]:
        """What would be done: "Write src/a.py (+12 −3)", "Run pytest -q"."""
        return [*self._changes, *self._commands]

    def watching(self, observer: Observer) -> Observer:
        """`observer`, and commands that it does not permit go on the plan."""
        return _Watching(observer, self._commands)

    def take(self, overlay: OverlayWorkspace) -> None:
        """Have the plan's changes be those of `overlay`."""
        self._changes = [_step(change, overlay) for change in overlay.changes()]

    def update(self) -> Params:
        """The plan as an ACP session update."""
        return {
            "sessionUpdate": "plan",
            "entries": [{"content": step, "priority": "medium", "status": "pending"} for step in self.steps],
        }

    def note(self) -> str:
        """What the model is told after a program."""
        said = "This session only plans: nothing was written or run."
        return f"{said} On the plan: {'; '.join(self.steps)}" if self.steps else said

    def text(self) -> str:
        """The plan as the end of an answer; empty where there is none."""
        if not self.steps:
            return ""
        return "\n\nThe plan, of which nothing has been done yet:\n\n" + "\n".join(f"- {step}" for step in self.steps)


@dataclass(frozen=True, slots=True)
class _Watching:
    observer: Observer
    commands: list[str]

    async def emit(self, event: Event) -> None:
        await self.observer.emit(event)

    async def permit(self, call: CallRequested) -> Decision:
        decision = await self.observer.permit(call)
        if call.type is CallType.SHELL and not decision.allowed:
            self.commands.append(f"Run {call.command}" if call.command is not None else call.title)
        return decision


def _step(change: FileChange, overlay: OverlayWorkspace) -> str:
    name = overlay.display(change.path)
    if change.after[0].kind == "folder":
        return f"Make the folder {name}"
    verb = {"created": "Create", "deleted": "Delete", "changed": "Write"}[change.kind]
    return f"{verb} {name}{_counts(change)}"


def _counts(change: FileChange) -> str:
    old, new = (change.old_text or "").split("\n"), (change.new_text or "").split("\n")
    if change.kind == "deleted" or change.new_text is None or len(old) + len(new) > COMPARED_LINES:
        return ""
    if change.old_text is None:
        old = []
        new = new[:-1] if new[-1] == "" else new
    added = removed = 0
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=True).get_opcodes():
        removed, added = removed + (tag != "equal") * (i2 - i1), added + (tag != "equal") * (j2 - j1)
    return f" (+{added} −{removed})"
