"""Hermes JSON: `{"name": …, "arguments": {…}}`, read as it arrives and leniently.

Small models escape badly. The rule here is: what is valid JSON reads as JSON; where it is not, a quote that could not
end a string in JSON does not end it, an escape that JSON does not know stays as it was written, and what is missing at
the end is taken as written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from punie_acp.inference.dialects.base import (
    CallEnd,
    JsonValue,
    Malformed,
    Reader,
    Step,
    Tool,
    intended_tool,
    parse_json,
)

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'"}
_CONSTANTS: dict[str, JsonValue] = {"True": True, "False": False, "None": None}
_ARGUMENTS = ("arguments", "parameters", "args")
_DEEPEST = 50  # containers in containers; deeper, brackets are read as text

Show = Callable[[str], None]


def read_calls(reader: Reader, tools: Sequence[Tool]) -> Step[None]:
    """Read one call, several, or an array of them."""
    yield from reader.skip(" \t\r\n,[")
    while (yield from reader.char()) == "{":
        yield from _read_call(reader, tools)
        yield from reader.skip(" \t\r\n,]}")


def _read_call(reader: Reader, tools: Sequence[Tool]) -> Step[None]:
    name: str | None = None
    arguments: dict[str, JsonValue] = {}
    strays: dict[str, JsonValue] = {}
    reader.position += 1
    while (key := (yield from _next_key(reader, depth=1))) is not None:
        if key == "function" and (yield from reader.accept("{")):
            continue  # OpenAI's form has name and arguments one level deeper
        if key in {"name", "function"} and name is None:
            name = intended_tool(tools, str((yield from _read_value(reader, 1))))
            reader.start_call(name)
        elif key in _ARGUMENTS and (yield from reader.char()) == "{":
            shown = reader.argue if name and not arguments else None
            arguments = {**(yield from _read_object(reader, 1, shown)), **arguments}
        else:
            strays[key] = yield from _read_value(reader, 1)
    _end_call(reader, tools, name, arguments or _arguments_among(strays))


def _end_call(reader: Reader, tools: Sequence[Tool], name: str | None, arguments: dict[str, JsonValue]) -> None:
    if name is None:
        reader.emit(Malformed("the call does not name its tool"))
        reader.start_call(intended_tool(tools, ""))
    reader.emit(CallEnd(arguments))


def _arguments_among(strays: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The arguments where they are not an object: JSON in a string, or written beside the name."""
    for key in _ARGUMENTS:
        if isinstance(text := strays.get(key), str):
            return parse_object(text)
    return {key: value for key, value in strays.items() if key not in _ARGUMENTS}


def parse_object(text: str) -> dict[str, JsonValue]:
    """The members of the object in `text`, read leniently; none where it holds no object."""
    reader = Reader()
    reader.text, reader.ended = text.strip(), True
    if not reader.text.startswith("{"):
        return {}
    steps = _read_object(reader, 0, None)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return cast("dict[str, JsonValue]", stop.value)


def _read_object(reader: Reader, depth: int, show: Callable[[str, str], None] | None) -> Step[dict[str, JsonValue]]:
    """Read an object from its brace. Its strings are shown as they are read; of a repeated key the first counts."""
    members: dict[str, JsonValue] = {}
    reader.position += 1
    while (key := (yield from _next_key(reader, depth + 1))) is not None:
        piece = _shown_under(key, show) if show and key not in members else None
        value = yield from _read_value(reader, depth + 1, piece)
        members.setdefault(key, value)
    return members


def _shown_under(key: str, show: Callable[[str, str], None]) -> Show:
    return lambda text: show(key, text)


def _next_key(reader: Reader, depth: int) -> Step[str | None]:
    """The key of the next member, its colon read; None at the object's end, which is read too."""
    while True:
        yield from reader.skip(" \t\r\n,")
        char = yield from reader.char()
        if not char or (yield from reader.accept("}")) or (yield from _at_tag(reader)):
            return None
        if char in "\"'":
            reader.position += 1
            key = yield from _read_string(reader, char, _ends_key, depth)
        else:
            key = (yield from reader.until(" \t\r\n:,}")) or (yield from reader.take())
        yield from reader.skip()
        if (yield from reader.accept(":")):
            yield from reader.skip()
            return key


def _at_tag(reader: Reader) -> Step[bool]:
    start = reader.position
    tag = (yield from reader.accept("</tool_call>")) or (yield from reader.accept("<tool_call>"))
    reader.position = start
    return tag


def _read_value(reader: Reader, depth: int, show: Show | None = None) -> Step[JsonValue]:
    char = yield from reader.char()
    if char and char in "\"'":
        return (yield from _read_quoted(reader, char, depth, show))
    if char == "{" and depth < _DEEPEST:
        return (yield from _read_object(reader, depth, None))
    if char == "[" and depth < _DEEPEST:
        return (yield from _read_array(reader, depth))
    return _scalar((yield from reader.until(",}]\n<")))


def _read_quoted(reader: Reader, quote: str, depth: int, show: Show | None) -> Step[str]:
    if (yield from reader.accept(quote * 3)):  # Python's way; no JSON reads so
        return (yield from _read_string(reader, quote * 3, _ends_member, depth, show))
    reader.position += 1
    return (yield from _read_string(reader, quote, _ends_member, depth, show))


def _read_array(reader: Reader, depth: int) -> Step[list[JsonValue]]:
    items: list[JsonValue] = []
    reader.position += 1
    while True:
        yield from reader.skip(" \t\r\n,")
        char = yield from reader.char()
        if not char or (yield from reader.accept("]")) or char == "}" or (yield from _at_tag(reader)):
            return items
        start = reader.position
        if char in "\"'":
            reader.position += 1
            items.append((yield from _read_string(reader, char, _ends_item, depth + 1)))
        else:
            items.append((yield from _read_value(reader, depth + 1)))
        reader.position = max(reader.position, start + 1)


def _scalar(text: str) -> JsonValue:
    stripped = text.strip()
    if stripped in _CONSTANTS:
        return _CONSTANTS[stripped]
    try:
        return parse_json(stripped)
    except (ValueError, RecursionError):
        return stripped


Ends = Callable[[Reader, int], Step[bool]]


def _read_string(reader: Reader, quote: str, ends: Ends, depth: int, show: Show | None = None) -> Step[str]:
    """Read a string from after its opening `quote`, the closing one included; `ends`: what shows that it closes."""
    pieces: list[str] = []
    while (char := (yield from reader.char())) and not (yield from _closes(reader, quote, ends, depth)):
        piece = (yield from _unescape(reader)) if char == "\\" else (yield from reader.take())
        pieces.append(piece)
        if show:
            show(piece)
    return "".join(pieces)


def _closes(reader: Reader, quote: str, ends: Ends, depth: int) -> Step[bool]:
    start = reader.position
    if (yield from reader.accept(quote)):
        after = reader.position
        if (yield from ends(reader, depth)):
            reader.position = after
            return True
    reader.position = start
    return (yield from _cut_off(reader))


def _cut_off(reader: Reader) -> Step[bool]:
    """Whether the answer ends here with a close tag, though the string was not closed. Reads nothing."""
    start = reader.position
    if (yield from reader.char()) not in ("<", "\n"):
        return False
    yield from reader.skip()
    closed = yield from reader.accept("</tool_call>")
    if closed:
        yield from reader.skip()
        closed = not (yield from reader.char())
    reader.position = start
    return closed


def _ends_key(reader: Reader, _depth: int) -> Step[bool]:
    yield from reader.skip()
    return (yield from reader.char()) in ("", ":")


def _ends_item(reader: Reader, _depth: int) -> Step[bool]:
    yield from reader.skip()
    return (yield from reader.char()) in ("", "]", ",", "<")


def _ends_member(reader: Reader, depth: int) -> Step[bool]:
    """Whether what follows a quote can follow the last string of an object, or one before another member."""
    yield from reader.skip()
    char = yield from reader.take()
    if char in ("", "<"):
        return True
    if char == "}":
        yield from reader.skip()
        return depth <= 1 or (yield from reader.char()) in ("", "}", ",", "]", "<")
    if char != ",":
        return False
    yield from reader.skip()
    return (yield from _is_key(reader))


def _is_key(reader: Reader) -> Step[bool]:
    quote = yield from reader.take()
    if quote in ("", "}"):
        return True
    if quote not in "\"'":
        return False
    while (char := (yield from reader.take())) and char != quote:
        if char == "\\":
            yield from reader.take()
    yield from reader.skip()
    return (yield from reader.char()) in ("", ":")


def _unescape(reader: Reader) -> Step[str]:
    reader.position += 1
    char = yield from reader.take()
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char == "u":
        return (yield from _unescape_unicode(reader))
    return "\\" + char


def _unescape_unicode(reader: Reader) -> Step[str]:
    unit = yield from _hex4(reader)
    if unit is None:
        return "\\u"
    if 0xD800 <= unit < 0xDC00:
        start = reader.position
        low = (yield from _hex4(reader)) if (yield from reader.accept("\\u")) else None
        if low is not None and 0xDC00 <= low < 0xE000:
            return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        reader.position = start
    return "\ufffd" if 0xD800 <= unit < 0xE000 else chr(unit)


def _hex4(reader: Reader) -> Step[int | None]:
    digits = ""
    for ahead in range(4):
        char = yield from reader.char(ahead)
        if not re.fullmatch("[0-9a-fA-F]", char):
            return None
        digits += char
    reader.position += 4
    return int(digits, 16)


def render_object(name: str, arguments: Mapping[str, JsonValue]) -> str:
    """The call as Qwen2.5's own chat template writes it."""
    return json.dumps({"name": name, "arguments": dict(arguments)}, ensure_ascii=False)
