"""An external call as a tool call: how it is announced, asked about, and what is left of it at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from punie_acp.codemode.events import CallType
from punie_acp.server.updates import wire
from punie_acp.server.updates.terminals import info_meta
from punie_acp.server.updates.wire import Content

if TYPE_CHECKING:
    from acp import schema

    from punie_acp.codemode.events import CallFinished, CallRequested
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.server.updates.live import LiveOutput
    from punie_acp.server.updates.wire import Update

META_KEY = "punie.dev/call"
"""Where our own facts of a call travel: its tool type, its parent program, its line there."""


@dataclass(slots=True)
class OpenCall:
    """A tool call that has no final status yet."""

    content: list[Content] = field(default_factory=list[Content])
    live: LiveOutput | None = None  # made for the first output
    in_terminal: bool = False  # of the client: it shows the output by itself
    streams: bool = False  # the client is sent the output piece by piece, and shows it in a terminal


def call_start(event: CallRequested, *, streams: bool) -> Update:
    """The call as it is announced. `streams`: its output will be shown in a terminal of the client (`_meta`)."""
    update: Update = {
        "sessionUpdate": "tool_call",
        "toolCallId": event.call_id,
        "title": event.title,
        "kind": event.kind,
        "status": "pending",
    }
    content = first_content(event, streams=streams)
    if content:
        update["content"] = list(content)
    if event.locations:
        update["locations"] = [
            {"path": place.path} if place.line is None else {"path": place.path, "line": place.line}
            for place in event.locations
        ]
    update["rawInput"] = dict(event.raw_input)
    update["_meta"] = _meta(event, streams=streams)
    return update


def first_content(event: CallRequested, *, streams: bool) -> list[Content]:
    """What is shown of a call before it runs: a diff for each file, or the terminal of a command."""
    if streams and event.type is CallType.SHELL:
        return [wire.terminal(event.call_id)]
    return [wire.diff(change) for change in event.changes]


def call_question(event: CallRequested) -> schema.ToolCallUpdate:
    """The tool call of a permission request: all that was said of it before, so that no client need look it up."""
    from acp.schema import ToolCallUpdate

    facts = call_start(event, streams=False)
    del facts["sessionUpdate"]
    return ToolCallUpdate.model_validate(facts)


def _meta(event: CallRequested, *, streams: bool) -> dict[str, JsonValue]:
    meta: dict[str, JsonValue] = {
        META_KEY: {
            "type": event.type.value,
            "parent": event.program_id,
            "function": event.function,
            "line": event.source_line,
        },
        "tool_name": event.function,
    }
    if streams and event.type is CallType.SHELL:
        meta |= info_meta(event.call_id, event.cwd)
    return meta


def last_content(call: OpenCall, event: CallFinished) -> list[Content] | None:
    """What a call shows when it has ended; None where that is what it shows already."""
    output = call.live.text() if call.live is not None and not call.in_terminal and not call.streams else ""
    new = wire.console(output) + ([wire.text(event.error)] if event.error else [])
    before = call.content if event.status != "refused" or not call.streams else []
    return [*before, *new] if new else None


def raw_output(call: OpenCall, event: CallFinished) -> JsonValue:
    """A call's result; with the output as plain text where it was sent piece by piece."""
    raw: JsonValue = event.raw_output if event.error is None else {"error": event.error}
    if call.streams and isinstance(raw, dict):
        return raw | {"formatted_output": call.live.text() if call.live is not None else ""}
    return raw
