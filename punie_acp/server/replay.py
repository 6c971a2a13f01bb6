"""A conversation from the store: one update a message and one a tool call, whatever it took to tell them.

A client that is sent merged updates shows what one shows that was there, except for what only lived in the meantime:
progress, and terminals.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params
    from punie_acp.server.store.base import Store

CUT_CALL = "The agent's process ended before this did."
CUT_TURN = "This turn was interrupted: the agent's process ended while it was running."

FINAL = ("completed", "failed")
_CALLS = ("tool_call", "tool_call_update")
_TEXTS = ("agent_message_chunk", "agent_thought_chunk")
_LAST_COUNTS = ("plan", "usage_update", "session_info_update", "current_mode_update", "config_option_update")
_LIVE_META = ("terminal_info", "terminal_output", "terminal_output_delta", "terminal_exit")


def conversation(store: Store, session_id: str) -> Iterator[Params]:
    """All updates of a session's turns, merged. A turn that was cut is shown as one, or as one that waits to go on."""
    cut, paused = _cut(store, session_id), waiting_turn(store, session_id)
    for number, stored in groupby(store.updates(session_id), key=lambda update: update.turn):
        updates = merged(dict(item.update) for item in stored)
        if number == paused:
            yield from (_with(update, status="pending") if _is_open(update) else update for update in updates)
        else:
            yield from _ended(updates, number) if number in cut else updates


def _cut(store: Store, session_id: str) -> set[int]:
    return {turn.number for turn in store.turns(session_id) if turn.state == "interrupted"}


def waiting_turn(store: Store, session_id: str) -> int | None:
    """The turn whose program waits to go on; None where there is none, or where it runs in another process."""
    paused = store.snapshot(session_id)
    return paused.turn if paused is not None and paused.turn in _cut(store, session_id) else None


def waiting(store: Store, session_id: str) -> Iterator[Params]:
    """The open tool calls of a program that waits to go on."""
    paused = waiting_turn(store, session_id)
    stored = (dict(item.update) for item in store.updates(session_id) if item.turn == paused)
    yield from (_with(update, status="pending") for update in merged(stored) if _is_open(update))


def last_usage(store: Store, session_id: str) -> Params | None:
    """The last `usage_update` of a session."""
    found = None
    for stored in store.updates(session_id):
        if stored.update.get("sessionUpdate") == "usage_update":
            found = dict(stored.update)
    return found


def merged(updates: Iterable[Params]) -> list[Params]:
    """The updates of a turn: one a message, one a tool call, the last of what is told again and again."""
    merger = Merger()
    for update in updates:
        merger.add(update)
    return merger.updates()


@dataclass(slots=True)
class Merger:
    """Merges the updates of a turn as they come, so that progress need not be kept. Each stands where it began."""

    _kept: dict[Hashable, Params] = field(default_factory=dict["Hashable", "Params"])
    _texts: dict[Hashable, list[str]] = field(default_factory=dict["Hashable", list[str]])

    def add(self, update: Params) -> None:
        """Take in one update."""
        key = _identity(update, len(self._kept))
        if update["sessionUpdate"] in _CALLS:
            self._kept[key] = _overlaid(self._kept.get(key, {}), update)
        elif update["sessionUpdate"] in _TEXTS:
            self._kept.setdefault(key, update)
            self._texts.setdefault(key, []).append(_text(update) or "")
        else:
            self._kept[key] = update

    def updates(self) -> list[Params]:
        """What has come so far, merged."""
        return [self._whole(key, update) for key, update in self._kept.items()]

    def _whole(self, key: Hashable, update: Params) -> Params:
        if update["sessionUpdate"] == "tool_call":
            return _without_terminals(update)
        if len(self._texts.get(key, [])) > 1:
            return _with(update, content={"type": "text", "text": "".join(self._texts[key])})
        return update


def _identity(update: Params, index: int) -> Hashable:
    """What updates have in common that become one."""
    kind = update["sessionUpdate"]
    if kind in _CALLS:
        return "call", str(update["toolCallId"])
    if kind in _TEXTS and _text(update) is not None:
        return str(kind), str(update.get("messageId"))
    return str(kind) if kind in _LAST_COUNTS else index


def _overlaid(call: Params, update: Params) -> Params:
    """A tool call with an update of it: in ACP v1 each field replaces what was there."""
    meta = _object(call.get("_meta")) | _object(update.get("_meta"))
    given: Params = {name: value for name, value in update.items() if value is not None}
    whole = _with(call | given, sessionUpdate="tool_call")
    return _with(whole, _meta=meta) if meta else whole


def _without_terminals(call: Params) -> Params:
    """`call` without terminals, which the client has forgotten; what they showed is in the raw output."""
    meta = {name: value for name, value in _object(call.get("_meta")).items() if name not in _LIVE_META}
    call = _with(call, _meta=meta) if meta else {name: value for name, value in call.items() if name != "_meta"}
    content = call.get("content")
    if not isinstance(content, list):
        return call
    kept = [item for item in content if _object(item).get("type") != "terminal"]
    has_text = any(_object(item).get("type") == "content" for item in kept)
    shown = [] if len(kept) == len(content) or has_text else _console(_object(call.get("rawOutput")))
    return _with(call, content=[*kept, *shown])


def _console(raw_output: Params) -> list[JsonValue]:
    output = "".join(str(raw_output.get(name) or "") for name in ("stdout", "stderr")).rstrip("\n")
    if not output.strip():
        return []
    fence = "```"
    while fence in output:
        fence += "`"
    return [_text_content(f"{fence}\n{output}\n{fence}")]


def ends_of(store: Store, session_id: str, turn: int) -> Iterator[Params]:
    """The updates that end the open tool calls of a turn which may have gone on, and does not."""
    stored = (dict(item.update) for item in store.updates(session_id) if item.turn == turn)
    yield from (_failed(update) for update in merged(stored) if _is_open(update))


def _is_open(update: Params) -> bool:
    return update["sessionUpdate"] == "tool_call" and update.get("status") not in FINAL


def _ended(updates: list[Params], turn: int) -> Iterator[Params]:
    """The updates of a turn that was cut, with an end: no call stays open, and the user is told."""
    for update in updates:
        yield _failed(update) if _is_open(update) else update
    yield message_chunk(f"t{turn}/interrupted", CUT_TURN)


def _failed(call: Params) -> Params:
    before = call.get("content")
    content = [*(before if isinstance(before, list) else []), _text_content(CUT_CALL)]
    return _with(call, status="failed", content=content, rawOutput={"error": CUT_CALL})


def message_chunk(message_id: str, text: str) -> Params:
    """A whole message of the agent as an update."""
    return {
        "sessionUpdate": "agent_message_chunk",
        "messageId": message_id,
        "content": {"type": "text", "text": text},
    }


def _text_content(text: str) -> JsonValue:
    return {"type": "content", "content": {"type": "text", "text": text}}


def _text(update: Params) -> str | None:
    text = _object(update.get("content")).get("text")
    return text if isinstance(text, str) else None


def _object(value: JsonValue) -> Params:
    return value if isinstance(value, dict) else {}


def _with(update: Params, **changes: JsonValue) -> Params:
    return {**update, **changes}
