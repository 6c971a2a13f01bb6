"""Enumerations: a class of members, and an object that stands for the enumeration."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.rewriting.syntax import assign, call, name, text, texts

if TYPE_CHECKING:
    from punie_acp.codemode.rewriting.knowledge import ClassInfo


def is_member(part: ast.stmt) -> bool:
    """Whether a statement of an enumeration's body makes a member."""
    if not isinstance(part, ast.Assign) or len(part.targets) != 1:
        return False
    target = part.targets[0]
    return isinstance(target, ast.Name) and not target.id.startswith("_")


def enum_statements(info: ClassInfo, members: list[ast.stmt]) -> list[ast.stmt]:
    """`Color = _make_enum(Color, "Color", (("RED", 1), …), mixed-in types)`."""
    pairs: list[ast.expr] = []
    for part in members:
        assert isinstance(part, ast.Assign)
        assert isinstance(part.targets[0], ast.Name)
        value = part.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name | ast.Attribute):
            called = value.func.id if isinstance(value.func, ast.Name) else value.func.attr
            value = name("_AUTO") if called == "auto" else value
        pairs.append(ast.Tuple([text(part.targets[0].id), value], ast.Load()))
    made = call("_make_enum", name(info.name), text(info.name), ast.Tuple(pairs, ast.Load()), texts(info.natives))
    return [assign(info.name, made)]
