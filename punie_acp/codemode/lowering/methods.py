""""""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.lowering.edits import call_prelude, dot_before, is_text, is_utf_8

if TYPE_CHECKING:
    from punie_acp.codemode.source import Source


def text_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """`map(str.strip, lines)`: Monty's types have no methods to take hold of."""
    if not isinstance(node, ast.Attribute) or node.attr == "maketrans" or "str" in own:
        return
    if isinstance(node.value, ast.Name) and node.value.id == "str":
        source.replace_node(node, f"(lambda _text, *_more: _text.{node.attr}(*_more))")


_METHODS = frozenset(
    (
        "add",
        "append",
        "count",
        "endswith",
        "extend",
        "find",
        "get",
        "index",
        "items",
        "join",
        "keys",
        "lower",
        "pop",
        "remove",
        "replace",
        "setdefault",
        "split",
        "startswith",
        "strip",
        "update",
        "upper",
        "values",
    )
)
"""Methods of Monty's own types, which cannot be taken hold of without calling them."""


def callbacks(source: Source, node: ast.AST, own: set[str]) -> None:
    """`sorted(files, key=os.path.getsize)`: builtins that call back become the prelude's, which can pause inside."""
    if not isinstance(node, ast.Call) or any(keyword.arg is None for keyword in node.keywords):
        return
    key = next((keyword.value for keyword in node.keywords if keyword.arg == "key"), None)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "sort":
        if key is not None:
            _hold_method(source, key)
        call_prelude(source, node, "_sort")
    elif isinstance(node.func, ast.Name) and node.func.id not in own:
        if node.func.id in {"sorted", "max", "min"} and key is not None:
            _hold_method(source, key)
            source.replace_node(node.func, f"_{node.func.id}")
        elif node.func.id in {"map", "filter"} and len(node.args) > 1:
            _hold_method(source, node.args[0])
            source.replace_node(node.func, f"_{node.func.id}")


def _hold_method(source: Source, value: ast.expr) -> None:
    """`counts.get` → `(lambda *_more: counts.get(*_more))`."""
    if isinstance(value, ast.Attribute) and value.attr in _METHODS:
        if isinstance(value.value, ast.Name) and value.value.id == "str":
            return  # the rule for methods of text has it
        if value.attr not in _HELD:
            source.wrap(value, "(lambda *_more: ", "(*_more))")


_IN_PRELUDE = {
    "translate": "_translate",
    "sub": "_pattern_sub",
    "subn": "_pattern_subn",
    "to_bytes": "_to_bytes",
    "isocalendar": "_isocalendar",
    "timetuple": "_timetuple",
    "bit_length": "_bit_length",
    "is_integer": "_is_integer",
    "format_map": "_format_map",
    "move_to_end": "_move_to_end",
    "popitem": "_popitem",
}


def lacking_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """Methods that Monty's text, patterns and dates lack."""
    del own
    if (
        not isinstance(node, ast.Call)
        or not isinstance(node.func, ast.Attribute)
        or not (node.args or node.func.attr[:3] in {"iso", "tim", "pop", "bit", "is_"})
    ):
        return
    receiver, method = node.func.value, node.func.attr
    if isinstance(receiver, ast.Name) and receiver.id in {"re", "int", "str"}:
        return
    if method in _IN_PRELUDE and not (method.startswith("sub") and is_text(node.args[0])):
        call_prelude(source, node, _IN_PRELUDE[method])


_CODERS = {"encode": "_encode", "decode": "_decode"}
_CODING_MODULES = frozenset({"base64", "codecs", "json", "binascii", "html"})


def encodings(source: Source, node: ast.AST, own: set[str]) -> None:
    """`text.encode("latin-1")`, `str(data, "cp1252")`: of encodings Monty knows those of Unicode only."""
    if not isinstance(node, ast.Call):
        return
    is_text = isinstance(node.func, ast.Name) and node.func.id == "str" and "str" not in own
    given = [*node.args[is_text:], *(keyword.value for keyword in node.keywords if keyword.arg == "encoding")]
    if not given or is_utf_8(given[0]):
        return
    if is_text:
        source.replace_node(node.func, "_decode")
    elif isinstance(node.func, ast.Attribute) and node.func.attr in _CODERS and len(node.args) <= 2:
        receiver = node.func.value
        if not (isinstance(receiver, ast.Name) and receiver.id in _CODING_MODULES):
            call_prelude(source, node, _CODERS[node.func.attr])


_OF_MATCHES = frozenset({"lastgroup", "lastindex"})


def parts_of_matches(source: Source, node: ast.AST, own: set[str]) -> None:
    """`match.lastgroup`, which Monty's matches lack."""
    del own
    if isinstance(node, ast.Attribute) and node.attr in _OF_MATCHES and isinstance(node.ctx, ast.Load):
        source.insert(source.start(node), f"_{node.attr}(")
        source.replace(dot_before(source, node), source.end(node), ")")


_STATIC = {
    ("str", "maketrans"): "_maketrans",
    ("Path", "home"): "_path_home",
    ("int", "from_bytes"): "_int_from_bytes",
    ("dict", "get"): "(lambda _d, *_more: _d.get(*_more))",
    ("datetime", "fromtimestamp"): "_fromtimestamp",
    ("datetime", "utcfromtimestamp"): "_fromtimestamp",
    ("datetime", "utcnow"): "_utcnow",
    ("date", "fromtimestamp"): "_date_fromtimestamp",
    ("list", "append"): "(lambda _l, value: _l.append(value))",
}


def static_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """`str.maketrans(…)`, `Path.home()`, `int.from_bytes(…)`, also as `datetime.datetime.fromtimestamp(…)`."""
    del own
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
        kind = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
        made = _STATIC.get((kind, node.attr))
        if made is not None:
            source.replace_node(node, made)


_HELD = frozenset(
    (
        "append",
        "extend",
        "add",
        "get",
        "remove",
        "setdefault",
        "split",
        "strip",
        "lower",
        "upper",
        "startswith",
        "endswith",
        "replace",
        "match",
        "search",
        "fullmatch",
        "findall",
        "finditer",
        "sub",
        "appendleft",
        "popleft",
        "isdigit",
        "isalpha",
        "insert",
        "discard",
        "read_text",
        "is_file",
        "is_dir",
        "__getitem__",
        "__contains__",
    )
)
"""Methods that programs take hold of; names that are often attributes as well ("items", "count") are left alone."""


def held_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """`push = items.append`: methods of Monty's own types as values."""
    del own
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Attribute) or child.attr not in _HELD or not isinstance(child.ctx, ast.Load):
            continue
        called = isinstance(node, ast.Call) and node.func is child
        if (
            not called
            and not isinstance(node, ast.Attribute)
            and not (isinstance(child.value, ast.Name) and child.value.id == "str")
        ):
            source.insert(source.start(child), "_method(")
            source.replace(dot_before(source, child), source.end(child), f", {child.attr!r})")
