"""Qwen3-Coder's XML: `<function=name>`, `<parameter=name>`, the values as plain text between the tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from punie_acp.inference.dialects.base import (
    CallEnd,
    JsonValue,
    Malformed,
    Reader,
    Step,
    Tool,
    find_tool,
    intended_tool,
    parse_json,
)
from punie_acp.inference.dialects.python_strings import PythonStrings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PYTHON_CONSTANTS: dict[str, JsonValue] = {"True": True, "False": False, "None": None}


def read_function(reader: Reader, tools: Sequence[Tool]) -> Step[None]:
    """Read a call from after `<function=`, to its close tag or to what shows that it has been forgotten."""
    name = intended_tool(tools, (yield from _tag_name(reader)))
    reader.start_call(name)
    tool = find_tool(tools, name) or Tool(name, "", {})
    arguments: dict[str, JsonValue] = {}
    while not (yield from _ends_function(reader)):
        if (yield from reader.accept("<parameter=")):
            parameter = yield from _tag_name(reader)
            value = yield from _read_value(reader, tool, parameter, shown=parameter not in arguments)
            arguments.setdefault(parameter, value)
        elif (parameter := _next_parameter(tool, arguments)) and (yield from reader.accept("<parameter>")):
            reader.emit(Malformed(f"<parameter> without a name, taken for {parameter}"))
            arguments[parameter] = yield from _read_value(reader, tool, parameter, shown=True)
        elif not arguments and (parameter := _only_parameter(tool)):
            reader.emit(Malformed(f"no <parameter={parameter}> before its value"))
            arguments[parameter] = yield from _read_value(reader, tool, parameter, shown=True)
        else:
            yield from reader.take()
    reader.emit(CallEnd(arguments))


def _tag_name(reader: Reader) -> Step[str]:
    name = yield from reader.until(">\n")
    yield from reader.accept(">")
    return name.strip().strip("\"'")


def _ends_function(reader: Reader) -> Step[bool]:
    yield from reader.skip()
    if (yield from reader.accept("</function>")) or not (yield from reader.char()):
        return True
    start = reader.position
    forgotten = (yield from reader.accept("</tool_call>")) or (yield from reader.accept("<function="))
    reader.position = start
    return forgotten


def _next_parameter(tool: Tool, given: Mapping[str, JsonValue]) -> str | None:
    """The first parameter that has no value yet."""
    return next((name for name in tool.parameters() if name not in given), None)


def _only_parameter(tool: Tool) -> str | None:
    names = list(tool.parameters())
    return names[0] if len(names) == 1 else None


def _read_value(reader: Reader, tool: Tool, parameter: str, *, shown: bool) -> Step[JsonValue]:
    schema = tool.parameter(parameter)
    shown = shown and _is_text(schema)
    strings = PythonStrings() if parameter == tool.program_parameter() else None
    value: list[str] = []
    yield from reader.accept("\n")
    while not (yield from _ends_value(reader, strings)):
        char = yield from reader.take()
        value.append(char)
        if strings:
            strings.feed(char)
        if shown:
            reader.argue(parameter, char)
    yield from reader.accept("\n")
    yield from reader.accept("</parameter>")
    return convert("".join(value), schema)


def _ends_value(reader: Reader, strings: PythonStrings | None) -> Step[bool]:
    """Whether the value ends here.

    Outside the strings and comments of a program any close tag ends it, for no Python reads so. Inside, only tags at
    the answer's very end do. In any other text a tag does, where it is followed by what follows a close tag.
    """
    char = yield from reader.char()
    if char not in "\n<":
        return False
    start = reader.position
    inside = strings is not None and (strings.in_triple if char == "\n" else strings.inside)
    yield from reader.accept("\n")
    tags_needed = 3 if inside else 2 if strings is None else 1
    ends = yield from _reads_as_end(reader, tags_needed)
    reader.position = start
    return ends


def _reads_as_end(reader: Reader, tags_needed: int) -> Step[bool]:
    tags = 0
    for tag in ("</parameter>", "</function>", "</tool_call>"):
        tags += yield from reader.accept(tag)
        if tags == tags_needed < 3:
            return True
        if tags:
            yield from reader.skip()
    if not (yield from reader.char()):
        return True
    return tags_needed == 2 and tags == 1 and (yield from _follows_value(reader))


def _follows_value(reader: Reader) -> Step[bool]:
    for tag in ("<parameter=", "<parameter>", "<function="):
        if (yield from reader.accept(tag)):
            return True
    return False


def _is_text(schema: Mapping[str, object]) -> bool:
    return schema.get("type", "string") == "string" and not schema.keys() & {"anyOf", "oneOf", "allOf", "$ref"}


def convert(text: str, schema: Mapping[str, object]) -> JsonValue:
    """The value that `text` stands for by its JSON schema; the text itself where it cannot be read as that."""
    if _is_text(schema):
        return text
    stripped = text.strip()
    if stripped in _PYTHON_CONSTANTS:
        return _PYTHON_CONSTANTS[stripped]
    try:
        value = parse_json(stripped)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, str) else value


def render_function(name: str, arguments: Mapping[str, JsonValue]) -> str:
    """The call as Qwen3-Coder's own chat template writes it."""
    lines = [f"<function={name}>"]
    for parameter, value in arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines.append(f"<parameter={parameter}>\n{text}\n</parameter>")
    return "\n".join([*lines, "</function>"])
