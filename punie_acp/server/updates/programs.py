"""A program as a tool call: while it is written, while it runs, and when it has ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from punie_acp.server.updates import wire
from punie_acp.server.updates.live import BASE, LiveOutput, Snapshots

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.codemode.events import ProgramOutcome
    from punie_acp.codemode.preview import Preview
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.server.updates.wire import Content, Update

_OUTPUT_BASE = 256 * 1024
"""Characters: a program's code is shown again with every piece of what it prints."""


class OpenProgram:
    """A program that has no final status yet."""

    def __init__(self, code: str = "", *, seconds_between: float) -> None:
        self.code = code
        self.output = LiveOutput(_OUTPUT_BASE, seconds_between)
        self._writing = Snapshots(BASE, seconds_between)
        self._writing.grow(len(code))
        self._writing.spend(len(code))

    def may_show(self, code: str, *, complete: bool) -> bool:
        """Whether it is time to show the program, of which more has been written. It is shown when it is complete."""
        if not complete and not (self._writing.is_due() and self._writing.room >= len(code)):
            return False
        self._writing.grow(max(0, len(code) - len(self.code)))
        self._writing.spend(len(code))
        return True


def program_start(program_id: str, code: str) -> Update:
    """The program as it is announced: the model has begun to write it."""
    update: Update = {
        "sessionUpdate": "tool_call",
        "toolCallId": program_id,
        "title": "Writing a program",
        "kind": "execute",
        "status": "pending",
    }
    content = wire.code(code)
    if content:
        update["content"] = list(content)
    update["_meta"] = {"tool_name": "execute_code"}
    return update


def title_of(code: str) -> str:
    """The program's first comment, which says what it is for, or its size."""
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    if lines and lines[0].startswith("#") and len(lines[0]) > 2:
        return lines[0].lstrip("# ")[:80]
    return f"Run a program of {len(lines)} line{'' if len(lines) == 1 else 's'}"


def preview_content(seen: Preview) -> list[Content]:
    """What the program is going to touch, as far as its text says it, for people."""
    sentences = seen.sentences()
    return [wire.text("\n".join(f"- {sentence}" for sentence in sentences))] if sentences else []


def preview_locations(seen: Preview, root: Path | None) -> list[str]:
    """The paths among them, absolute."""
    if root is None:
        return []
    names = dict.fromkeys([*seen.writes, *seen.reads])
    return [os.path.normpath(root / name) for name in names if name and not set(name) & set("*?[{\0\n")]


def raw_preview(seen: Preview) -> dict[str, JsonValue]:
    """The same for the record; nothing where the program touches nothing."""
    touches: dict[str, JsonValue] = {
        name: list(found)
        for name, found in (
            ("reads", seen.reads),
            ("writes", seen.writes),
            ("runs", seen.runs),
            ("others", seen.others),
        )
        if found
    }
    return {"touches": touches} if touches else {}


def outcome_content(outcome: ProgramOutcome) -> list[Content]:
    """What it printed, its value, and its error, for people."""
    content = wire.console(wire.cut_in_the_middle(outcome.output))
    if outcome.value is not None:
        content += wire.console(wire.cut_in_the_middle(outcome.value))
    if outcome.error is not None:
        content += wire.console(f"{outcome.error.message}\n{outcome.error.excerpt}")
    return content


def raw_outcome(outcome: ProgramOutcome) -> dict[str, JsonValue]:
    """The same for the record."""
    raw: dict[str, JsonValue] = {
        "output": outcome.output,
        "calls": outcome.calls,
        "seconds": round(outcome.seconds, 3),
    }
    if outcome.value is not None:
        raw["value"] = outcome.value
    if outcome.error is not None:
        raw["error"] = {
            "kind": outcome.error.kind,
            "message": outcome.error.message,
            "line": outcome.error.line,
        }
    return raw
