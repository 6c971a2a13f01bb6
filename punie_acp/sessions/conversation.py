"""A conversation as values: turns of messages, plans and tool calls, read from the updates that the store kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import unified_diff
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from punie_acp.server.replay import merged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.server.store.base import Store, TurnRecord

CallStatus = Literal["completed", "failed", "open"]

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")  # ECMA-48: CSI, OSC, others
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FENCE = re.compile(r"\A(`{3,})(\w*)\n(.*)\n\1\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Message:
    """What the agent said or thought."""

    speaker: Literal["agent", "thought"]
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of what a call showed: text, or what it changed in a file."""

    language: str  # of the code; "" for plain text, "diff" for a change
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call: a program, or one external call of it."""

    title: str
    status: CallStatus  # "open": the turn was cut before it ended
    in_program: bool
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the agent meant to do, as it stood at the end of the turn."""

    entries: tuple[tuple[str, bool], ...]  # the text, and whether it is done


Part = Message | Call | Plan


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt and what came of it."""

    record: TurnRecord
    prompt: str
    parts: tuple[Part, ...]


def conversation(store: Store, session_id: str) -> list[Turn]:
    """The turns of a session. Updates that came between turns belong to the one before."""
    updates = {
        number: merged([dict(stored.update) for stored in group])
        for number, group in groupby(store.updates(session_id), key=lambda stored: stored.turn)
    }
    return [
        Turn(record, prompt_text(record.prompt), tuple(_parts(updates.get(record.number, []))))
        for record in store.turns(session_id)
    ]


def prompt_text(blocks: Sequence[JsonValue]) -> str:
    """A prompt as one text; files are named, and not copied."""
    return clean("\n".join(_prompt_block(block) for block in blocks if isinstance(block, dict)))


def clean(text: str) -> str:
    """`text` without what would steer a terminal."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))


def one_line(text: str) -> str:
    """`text` for a place that has one line."""
    return " ".join(clean(text).split())


def _prompt_block(block: Mapping[str, Any]) -> str:
    match block:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "resource_link", "uri": str(uri)} | {"type": "resource", "resource": {"uri": str(uri)}}:
            return f"[{uri}]"
        case _:
            return f"[{block.get('type')}]"


def _parts(updates: Sequence[Mapping[str, Any]]) -> list[Part]:
    return [part for part in map(_part, updates) if part is not None]


def _part(update: Mapping[str, Any]) -> Part | None:
    match update:
        case {"sessionUpdate": "agent_message_chunk", "content": {"text": str(text)}}:
            return Message("agent", clean(text).strip("\n"))
        case {"sessionUpdate": "agent_thought_chunk", "content": {"text": str(text)}}:
            return Message("thought", clean(text).strip("\n"))
        case {"sessionUpdate": "tool_call"}:
            return _call(update)
        case {"sessionUpdate": "plan"}:
            entries: list[dict[str, Any]] = update["entries"]
            return Plan(tuple((one_line(entry["content"]), entry["status"] == "completed") for entry in entries))
        case _:
            return None


def _call(update: Mapping[str, Any]) -> Call:
    status = update.get("status")
    content: list[dict[str, Any]] = update.get("content") or []
    blocks = [block for item in content if (block := _block(item)) is not None]
    return Call(
        title=one_line(update.get("title") or "tool call"),
        status=status if status in ("completed", "failed") else "open",
        in_program="punie.dev/call" in (update.get("_meta") or {}),
        blocks=tuple(blocks),
    )


def _block(item: Mapping[str, Any]) -> Block | None:
    match item:
        case {"type": "content", "content": {"type": "text", "text": str(text)}}:
            fenced = _FENCE.match(text)
            return Block(fenced[2], clean(fenced[3])) if fenced else Block("", clean(text))
        case {"type": "diff", "path": str(path), "newText": str(new)}:
            return Block("diff", clean(_diff(path, item.get("oldText") or "", new)))
        case _:
            return None


def _diff(path: str, old: str, new: str) -> str:
    lines = unified_diff(old.splitlines(), new.splitlines(), path, path, lineterm="", n=2)
    return "\n".join(lines)
