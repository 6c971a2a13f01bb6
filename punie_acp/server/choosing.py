"""Which changes the user accepts: all, none, or some, by a form where the client has it, else one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from acp import schema

from punie_acp.protocol.errors import RpcError
from punie_acp.server.elicitation import can_ask
from punie_acp.server.updates import call_question

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from punie_acp.codemode.events import CallRequested
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params
    from punie_acp.server.session import Session

ALL: Final = None
"""All changes, as `OverlayWorkspace.land` takes it."""
FIELD = "files"


async def choose(session: Session, call: CallRequested, paths: Sequence[Path]) -> Collection[Path] | None:
    """The paths that the user accepts, or `ALL`. No answer counts as none."""
    options = [_option("allow_once", "allow_once", "Accept all")]
    if len(paths) > 1:
        options.append(_option("choose", "allow_once", "Choose files…"))
    options.append(_option("reject_once", "reject_once", "Reject all"))
    answer = await session.request_choice(_request(session, call, options, _listing(call)))
    if answer == "choose":
        if can_ask(session.services.client.capabilities):
            return await _by_form(session, paths)
        return [path for path in paths if await _is_accepted(session, call, path)]
    return ALL if answer == "allow_once" else ()


async def _is_accepted(session: Session, call: CallRequested, path: Path) -> bool:
    one = replace(
        call,
        title=f"Write {session.workspace.display(path)}",
        locations=tuple(place for place in call.locations if place.path == str(path)),
        changes=tuple(change for change in call.changes if change.path == str(path)),
    )
    options = [_option("allow_once", "allow_once", "Accept"), _option("reject_once", "reject_once", "Reject")]
    return await session.request_choice(_request(session, one, options, ())) == "allow_once"


async def _by_form(session: Session, paths: Sequence[Path]) -> Collection[Path]:
    by_name = {session.workspace.display(path): path for path in paths}
    field = schema.ElicitationMultiSelectPropertySchema(
        type="array",
        title="Files to write",
        items=schema.StringMultiSelectItems(type="string", enum=list(by_name)),
        default=list(by_name),
    )
    form = schema.CreateFormSessionElicitationRequest(
        session_id=session.session_id,
        mode="form",
        message="Which changes are to be written?",
        requested_schema=schema.ElicitationSchema(type="object", properties={FIELD: field}, required=[FIELD]),
    )
    params = cast("Params", form.model_dump(mode="json", by_alias=True, exclude_none=True))
    try:
        outcome = await session.services.peer.request("elicitation/create", params)
    except RpcError:
        return ()
    return [by_name[name] for name in _chosen(outcome) if name in by_name]


def _chosen(outcome: JsonValue) -> list[str]:
    if not isinstance(outcome, dict) or outcome.get("action") != "accept":
        return []
    content = outcome.get("content")
    names = content.get(FIELD) if isinstance(content, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _request(
    session: Session, call: CallRequested, options: list[schema.PermissionOption], notes: Sequence[str]
) -> schema.RequestPermissionRequest:
    shown = call_question(call)
    texts = [
        schema.ContentToolCallContent(type="content", content=schema.TextContentBlock(type="text", text=note))
        for note in notes
    ]
    shown = shown.model_copy(update={"content": [*texts, *(shown.content or [])] or None})
    return schema.RequestPermissionRequest(session_id=session.session_id, tool_call=shown, options=options)


def _listing(call: CallRequested) -> list[str]:
    """A line for each change, because not everything can be shown as a diff."""
    files = call.raw_input.get("files")
    lines = (
        [f"- `{one['path']}` {one['change']}" for one in files if isinstance(one, dict)]
        if isinstance(files, list)
        else []
    )
    return ["\n".join(lines)] if lines else []


def _option(option_id: str, kind: schema.PermissionOptionKind, name: str) -> schema.PermissionOption:
    return schema.PermissionOption(option_id=option_id, kind=kind, name=name)
