"""A session as one text: Markdown to read, JSON with everything that the store has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from punie_acp.sessions.conversation import Message, Plan, conversation
from punie_acp.sessions.listing import row_of, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punie_acp.server.store.base import SessionRecord, Store
    from punie_acp.sessions.conversation import Call, Part, Turn

_MARKS = {"completed": "✓", "failed": "✗", "open": "…"}


def as_json(store: Store, record: SessionRecord) -> str:
    """The session, its turns, every update that was sent, and what the model knows of it."""
    updates = list(store.updates(record.session_id))
    messages = store.history(record.session_id)
    turns = [
        {
            "number": turn.number,
            "state": turn.state,
            "beganAt": turn.began,
            "endedAt": turn.ended,
            "stopReason": turn.stop_reason,
            "usage": turn.usage,
            "prompt": turn.prompt,
            "updates": [stored.update for stored in updates if stored.turn == turn.number],
        }
        for turn in store.turns(record.session_id)
    ]
    session = row_of(store, record).as_values() | {"options": dict(record.options), "turns": turns}
    session["messages"] = None if messages is None else json.loads(messages)
    return json.dumps(session, indent=2) + "\n"


def as_markdown(store: Store, record: SessionRecord) -> str:
    """The conversation with whole programs, outputs and diffs."""
    chosen = f"mode {record.mode}, model {record.model}"
    head = [
        f"# {title_of(record)}",
        f"Session {record.session_id} in `{record.cwd}`, {chosen}, begun {record.created}.",
    ]
    turns = [text for turn in conversation(store, record.session_id) for text in _turn(turn)]
    return "\n\n".join([*head, *turns]) + "\n"


def _turn(turn: Turn) -> Iterator[str]:
    record = turn.record
    cut = "" if record.state == "ended" else f" ({record.state})"
    yield f"## Turn {record.number}{cut}"
    yield "\n".join(f"> {line}".rstrip() for line in turn.prompt.splitlines())
    for part in turn.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    match part:
        case Message(speaker="thought"):
            yield "\n".join(f"*{line}*" if line.strip() else "" for line in part.text.splitlines())
        case Message():
            yield part.text
        case Plan():
            yield "\n".join(f"- [{'x' if done else ' '}] {entry}" for entry, done in part.entries)
        case _:
            yield from _call(part)


def _call(call: Call) -> Iterator[str]:
    yield f"{'####' if call.in_program else '###'} {_MARKS[call.status]} {call.title}"
    for block in call.blocks:
        fence = "```"
        while fence in block.text:
            fence += "`"
        yield f"{fence}{block.language}\n{block.text}\n{fence}"
