"""Classes of the standard library that programs derive from: they stand in `prelude/bases.monty` as plain Python."""

from __future__ import annotations

import ast
from functools import cache
from importlib import resources


@cache
def library_bases() -> dict[str, ast.ClassDef]:
    """The classes by the last part of the name under which a program knows them: "Thread", "dict"."""
    file = resources.files("punie_acp.codemode") / "prelude" / "bases.monty"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found = {node.name.removeprefix("_Base_"): node for node in classes}
    return found | {"UserDict": found["dict"], "UserList": found["list"]}
