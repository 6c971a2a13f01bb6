"""Uses of the standard library that cannot work: names that a module lacks, arguments that a function does not take.

And of functions of earlier programs, and of a file's text: going through its characters as if they were lines.

Asked of the host's own modules, which are only looked at. A name counts where it means the module in all the program.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import importlib
import inspect
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from punie_acp.codemode.lowering.modules import MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

_LOOKED_AT = (MODULES | {"re", "json", "csv", "math", "random", "itertools", "time", "copy", "base64", "hashlib"}) - {
    "asyncio",
    "concurrent",
    "multiprocessing",
    "logging",
}
_CHARACTER = re.compile(r"\bc\b|ch|letter|symbol|glyph")
_ONE_TEXT = (
    "TypeError: read_file gives one text, and this goes through its characters; go through "
    "read_file(path).splitlines(), or json.loads(read_file(path)) for JSON"
)
_NEWER = frozenset({"batched", "UTC", "StrEnum", "override", "Self", "pairwise"})
"""Names that a newer Python may have than the host's."""


def library_problem(
    nodes: Sequence[ast.AST], earlier: Mapping[str, inspect.Signature] = MappingProxyType({})
) -> tuple[int, int, str] | None:
    """Line, column (both from 1) and sentence of the first such use in a program, if there is one.

    `earlier` are the functions that the program finds in its session.
    """
    modules = _imported(nodes)
    found = [
        *_wrong_imports(nodes),
        *_wrong_uses(nodes, modules),
        *_characters(nodes),
        *_earlier_uses(nodes, earlier),
        *_unheard_of(nodes),
    ]
    tried = [node for node in nodes if isinstance(node, ast.Try) and node.handlers]
    certain = [
        one for one in found if not any(part.lineno <= one[0] <= (part.body[-1].end_lineno or 0) for part in tried)
    ]
    return min(certain, default=None)


def _imported(nodes: Sequence[ast.AST]) -> dict[str, ModuleType]:
    """The modules that names of the program stand for, and for nothing else."""
    names: dict[str, str | None] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names[node.id] = None
        elif isinstance(node, ast.arg):
            names[node.arg] = None
    found = {name: _module(module) for name, module in names.items() if module is not None}
    return {name: module for name, module in found.items() if module is not None}


def _module(name: str) -> ModuleType | None:
    return importlib.import_module(name) if name in _LOOKED_AT or name == "os.path" else None


def _wrong_imports(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, int, str]]:
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and not node.level and (module := _module(node.module or "")):
            for alias in node.names:
                if alias.name != "*" and not _has(module, alias.name):
                    near = _near(alias.name, dir(module))
                    yield (
                        alias.lineno,
                        alias.col_offset + 1,
                        f"ImportError: cannot import name '{alias.name}' from '{node.module}'{near}",
                    )


def _wrong_uses(nodes: Sequence[ast.AST], modules: dict[str, ModuleType]) -> Iterator[tuple[int, int, str]]:
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            module = _meant(node.value, modules)
            if module is not None and not _has(module, node.attr):
                name = "os.path" if module.__name__ == "posixpath" else module.__name__
                said = f"module '{name}' has no attribute '{node.attr}'{_near(node.attr, dir(module))}"
                yield (node.lineno, node.col_offset + 1, f"AttributeError: {said}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            module = _meant(node.func.value, modules)
            why = _misfit(getattr(module, node.func.attr, None), node) if module else ""
            if why and module:
                yield (node.lineno, node.col_offset + 1, f"TypeError: {module.__name__}.{node.func.attr}: {why}")


def _characters(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, int, str]]:
    """`for line in read_file(path)`, unless the name of what it goes through says that characters are meant."""
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    for node in nodes:
        if not isinstance(node, ast.For | ast.comprehension) or not isinstance(node.iter, ast.Call):
            continue
        called = node.iter.func
        if not isinstance(called, ast.Name) or called.id != "read_file" or "read_file" in own:
            continue
        if not _CHARACTER.search(ast.unparse(node.target)):
            yield (node.iter.lineno, node.iter.col_offset + 1, _ONE_TEXT)


_METACLASSES = frozenset({"ABCMeta", "EnumMeta", "EnumType", "type"})
_LOOKED_UP = {"__get__": "@property", "__set__": "@property", "__getattribute__": "__getattr__"}


def _unheard_of(nodes: Sequence[ast.AST]) -> Iterator[tuple[int, int, str]]:
    """What the sandbox's classes would pass over in silence."""
    for node in (one for one in nodes if isinstance(one, ast.ClassDef)):
        for keyword in node.keywords:
            if keyword.arg == "metaclass" and ast.unparse(keyword.value).rpartition(".")[2] not in _METACLASSES:
                said = "the sandbox has no metaclasses; use a class decorator or a function"
                yield (node.lineno, node.col_offset + 1, said)
        for part in node.body:
            if isinstance(part, ast.FunctionDef) and part.name in _LOOKED_UP:
                said = f"the sandbox does not ask {part.name}; use {_LOOKED_UP[part.name]}"
                yield (part.lineno, part.col_offset + 1, said)


def _earlier_uses(nodes: Sequence[ast.AST], earlier: Mapping[str, inspect.Signature]) -> Iterator[tuple[int, int, str]]:
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in earlier:
            why = "" if _is_open(node) else _unbound(earlier[node.func.id], node)
            if why:
                yield (node.lineno, node.col_offset + 1, f"TypeError: {node.func.id}: {why}")


def _meant(node: ast.expr, modules: dict[str, ModuleType]) -> ModuleType | None:
    if isinstance(node, ast.Name):
        return modules.get(node.id)
    if isinstance(node, ast.Attribute) and node.attr == "path" and isinstance(node.value, ast.Name):
        return (
            importlib.import_module("os.path") if modules.get(node.value.id) is importlib.import_module("os") else None
        )
    return None


def _has(module: ModuleType, name: str) -> bool:
    return hasattr(module, name) or name in _NEWER or name.startswith("_")


def _misfit(function: object, node: ast.Call) -> str:
    """Why the arguments do not fit; nothing where they may."""
    if not inspect.isfunction(function) or _is_open(node):
        return ""
    try:
        taken = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    return _unbound(taken, node)


def _unbound(taken: inspect.Signature, node: ast.Call) -> str:
    try:
        taken.bind(*node.args, **{keyword.arg or "": keyword for keyword in node.keywords})
    except TypeError as error:
        parameters = [one for one in taken.parameters if not one.startswith("_")]
        return f"{error}; it takes {', '.join(parameters[:8])}"
    return ""


def _is_open(node: ast.Call) -> bool:
    """Whether how many arguments there are is known only when it runs."""
    return any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords)


def _near(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, [one for one in names if not one.startswith("_")], n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def method_hint(kind: str, name: str) -> str | None:
    """What to write instead of a method that a builtin type lacks; None where the type has it after all."""
    found = getattr(builtins, kind, None)
    if not isinstance(found, type) or hasattr(found, name):
        return None
    return _OTHER_LANGUAGES.get((kind, name)) or _near(name, dir(found)).removeprefix("; ")


_OTHER_LANGUAGES = {
    ("list", "push"): "use append",
    ("list", "add"): "use append",
    ("list", "length"): "use len(…)",
    ("list", "join"): 'use "…".join(the list)',
    ("list", "split"): "it is a list already",
    ("list", "strip"): "strip each item: [one.strip() for one in items]",
    ("str", "append"): "text does not change; use text += …",
    ("str", "length"): "use len(…)",
    ("str", "contains"): 'use "part" in text',
    ("str", "trim"): "use strip",
    ("str", "readlines"): "it is text already; use splitlines()",
    ("str", "read"): "it is text already",
    ("dict", "has_key"): "use key in d",
    ("dict", "iteritems"): "use items()",
    ("dict", "append"): "use d[key] = value",
    ("dict", "sort"): "use sorted(d.items())",
}
