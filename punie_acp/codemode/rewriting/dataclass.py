"""What Monty 1.4's `@dataclass` does not do: order, fields that are no parameters, fields of bases (copied before)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.rewriting.syntax import assign, dotted, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPECIAL = frozenset({"init", "repr", "compare", "kw_only", "hash", "metadata"})


def dataclass_fields(body: Sequence[ast.stmt]) -> list[str]:
    """The names of the fields that a class body declares."""
    return [
        part.target.id
        for part in body
        if isinstance(part, ast.AnnAssign)
        and isinstance(part.target, ast.Name)
        and "ClassVar" not in ast.unparse(part.annotation)
    ]


def complete_dataclass(node: ast.ClassDef, *, with_fields: bool) -> None:
    """Make a dataclass of `node` that Monty can run, in place."""
    names = dataclass_fields(node.body)
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign) and dataclass_fields([part])]
    options = _options(node)
    special = any(_field_options(part).keys() & _SPECIAL for part in fields) or "kw_only" in options
    defined = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    if options.get("order"):
        node.body += without_places(
            f"def __lt__(self, other):\n    return {_tuple('self', names)} < {_tuple('other', names)}"
        )
    if special:
        node.decorator_list = [one for one in node.decorator_list if not _is_dataclass(one)]
        node.body = [part for part in node.body if part not in fields]
        node.body += [part for part in without_places(_written(node.name, fields, defined)) if part.name not in defined]  # type: ignore[attr-defined]
    else:
        node.body = [part for part in node.body if part not in fields] + fields
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _is_dataclass(decorator):
                decorator.keywords = [one for one in decorator.keywords if one.arg in {"frozen", "eq", "repr", "init"}]
    if with_fields or special:
        node.body.append(assign("_dataclass_fields", texts(names)))


def _written(owner: str, fields: list[ast.AnnAssign], defined: set[str]) -> str:
    """The methods that `@dataclass` writes."""
    shown = [dataclass_fields([part])[0] for part in fields if _field_options(part).get("repr", True)]
    compared = [dataclass_fields([part])[0] for part in fields if _field_options(part).get("compare", True)]
    parameters, lines = ["self"], []
    for part in fields:
        key, options = dataclass_fields([part])[0], _field_options(part)
        default = ast.unparse(part.value) if part.value is not None and not options else options.get("default", "")
        factory = options.get("default_factory")
        value = f"({factory}() if {key} is _MISSING else {key})" if factory else key
        if options.get("init", True):
            parameters.append(f"{key}=_MISSING" if factory else f"{key}={default}" if default else key)
            lines.append(f"    self.{key} = {value}")
        elif factory or default:
            lines.append(f"    self.{key} = {f'{factory}()' if factory else default}")
    if "__post_init__" in defined:
        lines.append("    self.__post_init__()")
    said = ", ".join(f"{key}={{self.{key}!r}}" for key in shown)
    same = f"type(self) is type(other) and {_tuple('self', compared)} == {_tuple('other', compared)}"
    return "\n".join(
        [
            f"def __init__({', '.join(parameters)}):",
            *(lines or ["    pass"]),
            f"def __repr__(self):\n    return f'{owner}({said})'",
            f"def __eq__(self, other):\n    return {same}",
        ]
    )


def _tuple(owner: str, names: list[str]) -> str:
    return f"({''.join(f'{owner}.{one}, ' for one in names)})"


def without_places(code: str) -> list[ast.stmt]:
    """The statements of `code`, to stand wherever they are put."""
    made = ast.parse(code).body
    for node in made:
        for part in ast.walk(node):
            if hasattr(part, "lineno"):
                delattr(part, "lineno")
    return made


def _is_dataclass(decorator: ast.expr) -> bool:
    return dotted(decorator.func if isinstance(decorator, ast.Call) else decorator).rpartition(".")[2] == "dataclass"


def _options(node: ast.ClassDef) -> dict[str, object]:
    calls = [one for one in node.decorator_list if isinstance(one, ast.Call) and _is_dataclass(one)]
    return {key.arg: _constant(key.value) for one in calls for key in one.keywords if key.arg}


def _field_options(part: ast.AnnAssign) -> dict[str, object]:
    """The keywords of `field(…)`: texts of `default` and `default_factory`, values of the rest."""
    value = part.value
    if not isinstance(value, ast.Call) or dotted(value.func).rpartition(".")[2] != "field":
        return {}
    return {
        key.arg: ast.unparse(key.value) if key.arg.startswith("default") else _constant(key.value)
        for key in value.keywords
        if key.arg
    }


def _constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else True
