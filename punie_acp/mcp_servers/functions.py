"""A server's tool as an external function: planned, shown and refusable like any other."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol, cast

from punie_acp.codemode.calls import Answer, Plan
from punie_acp.codemode.events import CallType, JsonValue, ToolKind
from punie_acp.codemode.extra import ExtraFunction
from punie_acp.mcp_servers.names import CLASSES, TAKEN, identifier, unique_names
from punie_acp.mcp_servers.stubs import DETAILS, Detail, Signature, signature
from punie_acp.workspace.base import CommandProgress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from punie_acp.mcp_servers.config import Tool
    from punie_acp.mcp_servers.results import ToolResult

STUB_CHARACTERS = 8000
"""All stubs together, about 2,000 tokens of a model's prompt; with more, their prose is left out first."""
MAX_TITLE = 100
MAX_RECORDED = 20_000  # characters of a result's text that the record keeps


class Server(Protocol):
    """A server whose tools can be called."""

    label: str  # its name for people and in rules

    async def call(
        self, tool: str, arguments: dict[str, JsonValue], report: Callable[[str], Awaitable[None]]
    ) -> ToolResult:
        """What the tool answers. Raises `RuntimeError` or `TimeoutError` where it does not."""
        ...


def extra_functions(tools: Sequence[tuple[Server, Tool]]) -> list[ExtraFunction]:
    """A function for each tool, named after server and tool, with stubs of a length that a small model can read."""
    names = unique_names(
        (f"{identifier(server.label).lower()}_{identifier(tool.name)}" for server, tool in tools), TAKEN
    )
    taken = set(CLASSES)
    signatures = [signature(tool, name, taken) for (_, tool), name in zip(tools, names, strict=True)]
    found: list[ExtraFunction] = []
    for detail in DETAILS:
        found = [
            _function(server, tool, name, signed, detail)
            for (server, tool), name, signed in zip(tools, names, signatures, strict=True)
        ]
        if sum(len(one.stub) + len(one.types) for one in found) <= STUB_CHARACTERS:
            break
    return found


def _function(server: Server, tool: Tool, name: str, signed: Signature, detail: Detail) -> ExtraFunction:
    async def plan(args: tuple[object, ...], kwargs: dict[str, object]) -> Plan:
        return _plan(server, tool, signed, arguments_of(signed, args, kwargs))

    stub = signed.stub(name, tool.description, detail)
    return ExtraFunction(name, stub, plan, signed.types, shown_as=f"{server.label}.{tool.name}")


def _plan(server: Server, tool: Tool, signed: Signature, arguments: dict[str, JsonValue]) -> Plan:
    async def perform(report: Callable[[CommandProgress], Awaitable[None]]) -> Answer:
        async def note(text: str) -> None:
            await report(CommandProgress(output=f"{text}\n"))

        result = await server.call(tool.name, arguments, note)
        if result.is_error:
            raise RuntimeError(result.text or f"{server.label}: {tool.name} failed")
        return Answer(value_of(result, tool, signed), _recorded(result))

    # Always of the type that asks: what a tool is said to do is the word of its server.
    return Plan(CallType.SHELL, _kind(tool), _title(server, tool, arguments), perform)


def _kind(tool: Tool) -> ToolKind:
    if not tool.read_only:
        return "other"
    return "fetch" if tool.open_world else "read"


def _title(server: Server, tool: Tool, arguments: Mapping[str, JsonValue]) -> str:
    shown = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    title = f"{server.label}: {tool.name}({shown})"
    return title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 2]}…)"


def arguments_of(signed: Signature, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, JsonValue]:
    """The tool's arguments as JSON. What was not given, the server fills in. Raises `TypeError` for what is no JSON."""
    given = dict(zip((one.name for one in signed.parameters), args, strict=False)) | dict(kwargs)
    parameters = {one.name: one for one in signed.parameters}
    arguments: dict[str, JsonValue] = {}
    for name, value in given.items():
        parameter = parameters.get(name)
        if value is None and parameter is not None and not parameter.required and not parameter.takes_null:
            continue
        arguments[name if parameter is None else parameter.key] = _as_json(value, name)
    return arguments


def _as_json(value: object, name: str) -> JsonValue:
    """A program's value as JSON: tuples and sets as lists, paths as text."""
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"{name}: JSON has no {value}")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): _as_json(item, f"{name}[{key!r}]") for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [_as_json(item, name) for item in cast("Sequence[object]", value)]
    raise TypeError(
        f"{name}: a {type(value).__name__} cannot be sent to an MCP server; give text, numbers, lists, dicts"
    )


def value_of(result: ToolResult, tool: Tool, signed: Signature) -> JsonValue:
    """What the program gets: what the tool's output schema promises, else text."""
    if tool.output_schema is None or result.structured is None:
        return result.text
    if signed.wraps_result and isinstance(result.structured, dict):
        return result.structured.get("result")
    return result.structured


def _recorded(result: ToolResult) -> JsonValue:
    if result.structured is not None:
        return result.structured
    return result.text if len(result.text) <= MAX_RECORDED else result.text[:MAX_RECORDED] + "…"
