"""JSON with comments and trailing commas, edited in place: what is not edited keeps every byte.

`parse` gives the value of a text together with where each part of it stands; `set_member` splices one member into an
object. The libraries for this on PyPI either lose comments, run Node, or have not been kept up, so it is done here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_TRIVIA = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|true\b|false\b|null\b")
_DEEPEST = 100


class JsoncError(ValueError):
    """A text that is not JSON with comments. `line` and `column` count from 1."""

    def __init__(self, problem: str, text: str, at: int) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1
        super().__init__(f"line {self.line}, column {self.column}: {problem}")


@dataclass(frozen=True, slots=True)
class Node:
    """One value and the half-open range of the text that it fills."""

    value: Json
    start: int
    end: int
    members: tuple[Member, ...] = ()  # of an object
    trailing_comma: bool = False

    def member(self, key: str) -> Member | None:
        """The member called `key`, if this is an object that has it; the last, should it stand there twice."""
        return next((member for member in reversed(self.members) if member.key == key), None)


@dataclass(frozen=True, slots=True)
class Member:
    """One `"key": value` of an object."""

    key: str
    start: int  # of the key's opening quotation mark
    node: Node


def parse(text: str) -> Node | None:
    """The value that `text` holds, or None where it holds only blanks and comments. Raises `JsoncError`."""
    return _Parser(text).document()


def set_member(text: str, path: tuple[str, ...], value: Json) -> str:
    """`text` with the member at `path` (keys from the root down) set to `value`; missing objects on the way are made.

    Raises `JsoncError` where the text cannot be parsed, or where something on the way is not an object or not unique.
    """
    root = parse(text)
    if root is None:
        newline = _newline(text)
        separator = "" if not text or text.endswith("\n") or text == "\ufeff" else newline
        return text + separator + _dump(_wrap(path, value), "", "  ", newline) + newline
    node = root
    for depth, key in enumerate(path):
        if not isinstance(node.value, dict):
            name = ".".join(path[:depth])
            raise JsoncError(f"{name or 'the file'} is not an object", text, node.start)
        found = node.member(key)
        if [member.key for member in node.members].count(key) > 1:
            raise JsoncError(f"the key {key!r} stands twice in one object", text, node.start)
        if found is None:
            return _insert(text, node, key, _wrap(path[depth + 1 :], value), _indent_unit(text, root))
        node = found.node
    own_indent = _indent_of_line(text, node.start)
    return text[: node.start] + _dump(value, own_indent, _indent_unit(text, root), _newline(text)) + text[node.end :]


def _wrap(path: tuple[str, ...], value: Json) -> Json:
    for key in reversed(path):
        value = {key: value}
    return value


def _insert(text: str, owner: Node, key: str, value: Json, unit: str) -> str:
    """`text` with a new last member in the object `owner`, laid out as its other members are."""
    newline = _newline(text)
    anchor = _end_of_last_token(text, owner)
    one_line = "\n" not in text[owner.start : owner.end] and bool(owner.members)
    comma = "," if owner.members and not owner.trailing_comma else ""
    last_value = owner.members[-1].node.end if owner.members else anchor
    before = text[:last_value] + comma + text[last_value:anchor]
    after = text[anchor:]
    if one_line:
        return before + f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" + after
    indent = _indent_of_members(text, owner, unit)
    member = f"{newline}{indent}{json.dumps(key)}: {_dump(value, indent, unit, newline)}"
    member += "," if owner.trailing_comma else ""
    if "\n" not in text[anchor : owner.end]:
        after = newline + _indent_of_line(text, owner.start) + after.lstrip(" \t")
    return before + member + after


def _end_of_last_token(text: str, owner: Node) -> int:
    """Where the last member, comma or comment before the closing brace of `owner` ends."""
    at = owner.members[-1].node.end if owner.members else owner.start + 1
    if owner.trailing_comma:
        at = _skip_trivia(text, at) + 1
    while comment := _COMMENT.match(text, _skip_blanks(text, at)):
        at = comment.end()
    return at


def _indent_of_members(text: str, owner: Node, unit: str) -> str:
    for member in reversed(owner.members):
        line_start = text.rfind("\n", 0, member.start) + 1
        if not text[line_start : member.start].strip():
            return text[line_start : member.start]
    return _indent_of_line(text, owner.start) + unit


def _indent_of_line(text: str, at: int) -> str:
    line_start = text.rfind("\n", 0, at) + 1
    line = text[line_start:at].lstrip("\ufeff")
    return line[: len(line) - len(line.lstrip(" \t"))]


def _indent_unit(text: str, root: Node) -> str:
    return (_indent_of_members(text, root, "  ") if root.members else "") or "  "


def _newline(text: str) -> str:
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _dump(value: Json, indent: str, unit: str, newline: str) -> str:
    lines = json.dumps(value, indent=unit, ensure_ascii=False).split("\n")
    return (newline + indent).join(lines)


def _skip_trivia(text: str, at: int) -> int:
    match = _TRIVIA.match(text, at)
    return match.end() if match else at


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> Node | None:
        if not self._peek():
            return None
        node = self._value(0)
        if self._peek():
            raise self._error("something follows the end of the value")
        return node

    def _value(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self._error(f"nested more than {_DEEPEST} deep")
        match self._peek():
            case "{":
                return self._object(depth)
            case "[":
                return self._array(depth)
            case '"':
                return self._string()
            case _:
                return self._scalar()

    def _object(self, depth: int) -> Node:
        start, comma = self._at, False
        members: list[Member] = []
        self._at += 1
        while self._peek() != "}":
            self._need_separator(first=not members, comma=comma)
            members.append(self._member(depth))
            comma = self._take(",")
        self._at += 1
        value: Json = {member.key: member.node.value for member in members}
        return Node(value, start, self._at, tuple(members), comma)

    def _member(self, depth: int) -> Member:
        if self._peek() != '"':
            raise self._error('a key in double quotation marks, or "}", was expected')
        key = self._string()
        if not self._take(":"):
            raise self._error('":" was expected')
        return Member(str(key.value), key.start, self._value(depth + 1))

    def _array(self, depth: int) -> Node:
        start, comma = self._at, False
        items: list[Json] = []
        self._at += 1
        while self._peek() != "]":
            self._need_separator(first=not items, comma=comma)
            items.append(self._value(depth + 1).value)
            comma = self._take(",")
        self._at += 1
        return Node(items, start, self._at, trailing_comma=comma)

    def _string(self) -> Node:
        match = _STRING.match(self._text, self._at)
        if not match:
            raise self._error("a string without its closing quotation mark, or with a line break in it")
        try:
            value: str = json.loads(match[0])
        except json.JSONDecodeError as error:
            raise JsoncError(error.msg, self._text, self._at + error.pos) from error
        return self._leaf(value, match.end())

    def _scalar(self) -> Node:
        match = _SCALAR.match(self._text, self._at)
        if not match:
            raise self._error("a value was expected" if self._peek() else "the text ends too early")
        return self._leaf(json.loads(match[0]), match.end())

    def _leaf(self, value: Json, end: int) -> Node:
        node = Node(value, self._at, end)
        self._at = end
        return node

    def _need_separator(self, *, first: bool, comma: bool) -> None:
        if not self._peek():
            raise self._error("the text ends too early")
        if not first and not comma:
            raise self._error('"," was expected')

    def _take(self, character: str) -> bool:
        found = self._peek() == character
        self._at += found
        return found

    def _peek(self) -> str:
        """The next character that is neither blank nor comment; empty at the end of the text."""
        self._at = _skip_trivia(self._text, self._at)
        return self._text[self._at : self._at + 1]

    def _error(self, problem: str) -> JsoncError:
        return JsoncError(problem, self._text, self._at)
