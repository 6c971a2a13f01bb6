"""The `<tool_call>` block, in which XML and JSON calls are written alike: one parser reads both.

A model that was told one form now and then writes the other, or forgets the opener, or puts the call in a fence.
"""

from __future__ import annotations

import json as json_library
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from punie_acp.inference.dialects import json, xml
from punie_acp.inference.dialects.base import JsonValue, Parser, Reader, Step, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OPEN: Literal["<tool_call>"] = "<tool_call>"
_CLOSE = "</tool_call>"


@dataclass(frozen=True, slots=True)
class BlockDialect:
    """XML or JSON within `<tool_call>`, as the chat templates of Qwen3-Coder and Qwen2.5 have it."""

    name: Literal["xml", "json"]
    result_role: Literal["tool", "user"] = "tool"
    opening: Literal["<tool_call>"] = _OPEN

    def instructions(self, tools: Sequence[Tool]) -> str:
        """The tools and how to call them, for a chat template that says neither."""
        if not tools:
            return ""
        listed = "\n".join(json_library.dumps(tool.as_function()["function"], ensure_ascii=False) for tool in tools)
        name, arguments = _example(tools)
        example = self.render_call(name, arguments)
        return f"# Tools\n<tools>\n{listed}\n</tools>\nTo call {name}, write exactly this and stop:\n{example}"

    def parser(self, tools: Sequence[Tool], *, one_call: bool = False) -> Parser:
        """Reads blocks until text follows the last one; of one call, or one tool that takes a program, the first."""
        one_program = len(tools) == 1 and tools[0].program_parameter() is not None
        return Parser(lambda reader: read_answer(reader, tools, one_block=one_call or one_program, one_call=one_call))

    def render_call(self, name: str, arguments: Mapping[str, JsonValue]) -> str:
        """The whole block."""
        render = xml.render_function if self.name == "xml" else json.render_object
        return f"{_OPEN}\n{render(name, arguments)}\n{_CLOSE}"

    def frame_result(self, role: str, *, failed: bool) -> tuple[str, str]:
        """Templates frame what has the role `tool` themselves."""
        error = "Error:\n" if failed else ""
        return (error, "") if role == "tool" else (f"<tool_response>\n{error}", "\n</tool_response>")


def _example(tools: Sequence[Tool]) -> tuple[str, dict[str, JsonValue]]:
    """A call to show: of the first tool whose schema has an example, since a small model may copy what it is shown."""
    for tool in tools:
        shown = {name: schema["examples"] for name, schema in tool.parameters().items() if "examples" in schema}
        if shown:
            return tool.name, {name: cast("list[JsonValue]", examples)[0] for name, examples in shown.items()}
    parameters = list(tools[0].parameters())[:1]
    return tools[0].name, dict.fromkeys(parameters, "value")


def read_answer(reader: Reader, tools: Sequence[Tool], *, one_block: bool, one_call: bool) -> Step[None]:
    """Text, then calls. It ends at the end of the calls, so that a model cannot go on to invent their results."""
    while not (yield from _opens(reader, tools)):
        char = yield from reader.take()
        if not char:
            return reader.flush()
        reader.say(char)
    yield from _read_block(reader, tools, one_call=one_call)
    while not one_block:
        end = reader.position
        yield from reader.skip()
        if not (yield from _opens(reader, tools)):
            reader.position = end
            return None
        yield from _read_block(reader, tools, one_call=False)
    return None


def _read_block(reader: Reader, tools: Sequence[Tool], *, one_call: bool) -> Step[None]:
    """The calls of a block, or only the first and the close tag if that follows it."""
    end, begun = reader.position, False
    while True:
        yield from reader.skip()
        if (yield from reader.accept(_CLOSE)):
            return
        if begun and one_call:
            break
        begun = True
        if (yield from reader.accept("<function=")):
            yield from xml.read_function(reader, tools)
        elif (yield from reader.char()) in ("{", "["):
            yield from json.read_calls(reader, tools)
        else:
            break
        end = reader.position
    reader.position = end


def _opens(reader: Reader, tools: Sequence[Tool]) -> Step[bool]:
    """Whether a call begins here; then the position is at its `<function=` or its brace."""
    char = yield from reader.char()
    if char != "<" and not (char in ("`", "{") and reader.at_line_start()):
        return False
    start = reader.position
    opens = yield from _read_opener(reader, tools)
    if not opens:
        reader.position = start
    return opens


def _read_opener(reader: Reader, tools: Sequence[Tool]) -> Step[bool]:
    yield from _skip_fence(reader)
    if (yield from reader.accept(_OPEN)):
        yield from reader.skip()
        yield from _skip_fence(reader)
        body = reader.position
        opens = (yield from reader.accept("<function=")) or (yield from _at_object(reader))
    else:
        body = reader.position
        opens = (yield from _names_a_tool(reader, "<function=", ">", tools)) or (
            yield from _names_a_tool(reader, '{"name":"', '"', tools)
        )
    reader.position = body
    return opens


def _skip_fence(reader: Reader) -> Step[None]:
    if (yield from reader.accept("```")):
        yield from reader.until("\n`<{")
        yield from reader.skip()


def _at_object(reader: Reader) -> Step[bool]:
    yield from reader.skip("[ \t\r\n")
    return (yield from reader.char()) == "{"


def _names_a_tool(reader: Reader, before: str, after: str, tools: Sequence[Tool]) -> Step[bool]:
    """Whether `before`, the name of a tool and `after` stand here: prose may name the markup.

    JSON with a name and arguments is a call of a tool that does not exist: the agent answers it with those that do.
    """
    start = reader.position
    named = yield from _stands(reader, before)
    if named:
        name = yield from reader.until(after + "\n")
        named = name.strip() in {tool.name for tool in tools} or (yield from _stands(reader, '","arguments":{'))
    reader.position = start
    return named


def _stands(reader: Reader, marks: str) -> Step[bool]:
    """Move past `marks`, between which there may be white space."""
    for mark in marks:
        if mark in '"{:,':
            yield from reader.skip()
        if not (yield from reader.accept(mark)):
            return False
    return True
