"""ACP's session updates and their content, as the JSON objects that are sent.

They are built by hand: the SDK's models take longer to make and dump than all the rest of a call. Tests hold every line
against ACP's schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from punie_acp.protocol.errors import JsonValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from punie_acp.codemode.events import Change

Update: TypeAlias = dict[str, JsonValue]
Content: TypeAlias = dict[str, JsonValue]
Status = Literal["pending", "in_progress", "completed", "failed"]

RESULT_CHARACTERS = 64_000
"""Of an output that is shown when it is complete; of a longer one the beginning and the end."""


def message_chunk(kind: Literal["agent_message_chunk", "agent_thought_chunk"], text: str, message_id: str) -> Update:
    """A piece of what the agent says or thinks."""
    return {"sessionUpdate": kind, "content": {"type": "text", "text": text}, "messageId": message_id}


def call_update(
    call_id: str,
    *,
    status: Status | None = None,
    title: str | None = None,
    content: Sequence[Content] | None = None,
    raw_input: Mapping[str, JsonValue] | None = None,
    raw_output: JsonValue = None,
    locations: Sequence[str] = (),
    meta: Mapping[str, JsonValue] | None = None,
) -> Update:
    """What is new of a tool call. What is None stays as it was; `content` replaces what was there (ACP v1).

    `locations` are absolute paths.
    """
    update: Update = {"sessionUpdate": "tool_call_update", "toolCallId": call_id}
    if status is not None:
        update["status"] = status
    if title is not None:
        update["title"] = title
    if content is not None:
        update["content"] = list(content)
    if raw_input is not None:
        update["rawInput"] = dict(raw_input)
    if raw_output is not None:
        update["rawOutput"] = raw_output
    if locations:
        update["locations"] = [{"path": path} for path in locations]
    if meta is not None:
        update["_meta"] = dict(meta)
    return update


def failed(call_id: str, reason: str, meta: Mapping[str, JsonValue] | None = None) -> Update:
    """The end of a call that did not come to its own."""
    return call_update(call_id, status="failed", content=[text(reason)], meta=meta)


def text(content: str) -> Content:
    """Text below a tool call."""
    return {"type": "content", "content": {"type": "text", "text": content}}


def terminal(terminal_id: str) -> Content:
    """A terminal that the client shows."""
    return {"type": "terminal", "terminalId": terminal_id}


def diff(change: Change) -> Content:
    """What is about to happen to one file."""
    if change.old_text is None:
        return {"type": "diff", "path": change.path, "newText": change.new_text}
    return {"type": "diff", "path": change.path, "oldText": change.old_text, "newText": change.new_text}


def code(program: str) -> list[Content]:
    """A program as a code block."""
    fence = _fence(program)
    return [text(f"{fence}python\n{program}\n{fence}")] if program.strip() else []


def console(output: str) -> list[Content]:
    """Output as a code block."""
    shown = output.rstrip("\n")
    fence = _fence(shown)
    return [text(f"{fence}\n{shown}\n{fence}")] if shown.strip() else []


def cut_in_the_middle(output: str, limit: int = RESULT_CHARACTERS) -> str:
    """`output`, of which at most `limit` characters are left, and a line that says how many are missing."""
    if len(output) <= limit:
        return output
    half = limit // 2
    return f"{output[:half]}\n… {len(output) - 2 * half} characters left out …\n{output[-half:]}"


def _fence(content: str) -> str:
    """A run of backticks longer than any in `content`."""
    fence = "```"
    while fence in content:
        fence += "`"
    return fence
