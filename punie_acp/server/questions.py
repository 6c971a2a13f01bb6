"""A question for permission in ACP's words: what will happen, in full, why it asks, and what each answer remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acp import schema

from punie_acp.server.coverage import given_beside

if TYPE_CHECKING:
    from punie_acp.codemode.events import JsonValue
    from punie_acp.server.permissions import Question


def permission_request(
    session_id: str, tool_call: schema.ToolCallUpdate, question: Question
) -> schema.RequestPermissionRequest:
    """The request. `tool_call` is the call as it was announced, its diffs included."""
    call, content = question.call, list(tool_call.content or [])
    if call.command is not None:
        content.insert(0, _text(f"{_fenced(call.command)}\n\nin `{call.cwd}`" if call.cwd else _fenced(call.command)))
    content += [
        _text(f"With this as `{name}`:\n{_fenced(_shown(value))}") for name, value in given_beside(call).items()
    ]
    if why := _why(question):
        content.insert(0, _text(why))
    shown = tool_call.model_copy(update={"title": question_title(question), "content": content or None})
    return schema.RequestPermissionRequest(session_id=session_id, tool_call=shown, options=options_for(question))


def options_for(question: Question) -> list[schema.PermissionOption]:
    """The answers. "Always" is offered only where a rule may be made, and says which."""
    always, never = question.allowing, question.rejecting
    options = [schema.PermissionOption(option_id="allow_once", kind="allow_once", name="Allow")]
    if always is not None:
        name = f"Always allow {always.describe()}"
        options.append(schema.PermissionOption(option_id="allow_always", kind="allow_always", name=name))
    options.append(schema.PermissionOption(option_id="reject_once", kind="reject_once", name="Reject"))
    if never is not None:
        name = f"Always reject {never.describe()}"
        options.append(schema.PermissionOption(option_id="reject_always", kind="reject_always", name=name))
    return options


def question_title(question: Question) -> str:
    """What will happen, with the whole command: a title may have been cut for a list of calls, never for a question."""
    call = question.call
    title = call.title if call.command is None else f"Run {call.command}"
    return title if question.reason is None else f"Careful, this {question.reason}: {call.command or title}"


def _why(question: Question) -> str | None:
    if question.reason is not None:
        return f"**This {question.reason}.** It is asked about every time, whatever was allowed before."
    if question.call.sensitive:
        return f"This is asked because {question.call.sensitive}."
    return None


def _text(text: str) -> schema.ContentToolCallContent:
    return schema.ContentToolCallContent(type="content", content=schema.TextContentBlock(type="text", text=text))


def _shown(value: JsonValue) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name}={text}" for name, text in value.items())
    return str(value)


def _fenced(command: str) -> str:
    fence = "```"
    while fence in command:
        fence += "`"
    return f"{fence}sh\n{command}\n{fence}"
