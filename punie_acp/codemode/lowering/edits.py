""""""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from punie_acp.codemode.source import Source


def add_argument(source: Source, call: ast.Call, text: str) -> None:
    given = [*call.args, *call.keywords]
    if any((keyword.arg is None) for keyword in call.keywords):
        return  # **options: a comma would be right, a second _line might not be
    closing = source.end(call) - 1
    between = source.part(source.end(given[-1]), closing) if given else ""
    comma = ", " if given and "," not in between.split("#")[0] else ""
    source.insert(closing, comma + text)


def call_prelude(source: Source, call: ast.Call, function: str) -> None:
    """`receiver.method(rest)` → `function(receiver, rest)`."""
    assert isinstance(call.func, ast.Attribute)
    after = source.end(call.func)
    opening = source.part(after, source.end(call)).index("(") + after
    source.insert(source.start(call), f"{function}(")
    source.replace(dot_before(source, call.func), opening + 1, ", ")


def dot_before(source: Source, attribute: ast.Attribute) -> int:
    """The byte offset of the dot before an attribute's name."""
    dot = source.end(attribute) - len(attribute.attr.encode()) - 1
    while source.part(dot, dot + 1) != ".":
        dot -= 1
    return dot


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def is_utf_8(encoding: ast.expr) -> bool:
    """Whether an encoding that is given plainly is the usual one."""
    name = encoding.value if isinstance(encoding, ast.Constant) else ""
    return name is None or (isinstance(name, str) and name.lower().replace("_", "-") in ("utf-8", "utf8"))
