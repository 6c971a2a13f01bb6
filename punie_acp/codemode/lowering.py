"""From checked Python to the Python that Monty 1.4 runs: the same meaning, the same lines, other names.

Nothing here is a repair that a user should hear of. Imports of modules that Monty lacks, or has only in part, become
the prelude's; `open` learns the line it is called from; the last expression is shown as a REPL would.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from punie_acp.codemode.source import Source, bound_names

if TYPE_CHECKING:
    from collections.abc import Callable

# fmt: off
MODULES = frozenset((
    "asyncio", "collections", "contextlib", "fnmatch", "functools", "glob", "heapq", "io", "operator", "os",
    "pprint", "shutil", "statistics", "string", "subprocess", "sys", "textwrap", "uuid",
))
# fmt: on
"""The modules of the prelude: `import x` becomes `x = _module_x`."""

PRELOADED = {
    **{
        name: f"import {name}"
        for name in [
            "collections",
            "csv",
            "datetime",
            "functools",
            "glob",
            "hashlib",
            "io",
            "itertools",
            "json",
            "math",
            "os",
            "random",
            "re",
            "shutil",
            "subprocess",
            "sys",
            "time",
        ]
    },
    "Path": "from pathlib import Path",
    "Counter": "from collections import Counter",
    "defaultdict": "from collections import defaultdict",
    "deque": "from collections import deque",
    "dataclass": "from dataclasses import dataclass",
}
"""Names that the prelude binds, because programs forget to import them; and the import that each stands for."""

_EXCEPTIONS = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)
_ENCODING_KEYWORDS = frozenset({"encoding", "errors", "newline"})


def lower(code: str, earlier_names: frozenset[str] = frozenset()) -> str:
    """The text that is fed to Monty. `earlier_names` were bound by earlier programs of the session.

    Code that this Python cannot parse is given back as it is: Monty may know newer syntax.
    """
    try:
        source = Source(code)
    except (SyntaxError, ValueError, RecursionError):
        return code
    own = bound_names(source.tree) | earlier_names
    _show_last(source)
    for node in source.nodes():
        for rule in _RULES:
            rule(source, node, own)
    return _if_valid(source.edited(), code)


def _if_valid(lowered: str, code: str) -> str:
    """`lowered`, unless an unforeseen way of writing broke it: then `code`, which may still run."""
    try:
        ast.parse(lowered)
    except (SyntaxError, ValueError, RecursionError):
        return code
    return lowered if lowered.count("\n") == code.count("\n") else code


def _imports(source: Source, node: ast.AST, own: set[str]) -> None:
    del own
    if isinstance(node, ast.Import):
        parts = [_import_part(alias) for alias in node.names]
        if any(part is not None for part in parts):
            texts = [part or f"import {source.text_of(alias)}" for part, alias in zip(parts, node.names, strict=True)]
            source.replace_node(node, "; ".join(texts))
    elif isinstance(node, ast.ImportFrom) and _served(node.module or "") and node.names[0].name != "*":
        module = _module(node.module or "")
        names = [f"{alias.asname or alias.name} = {module}.{alias.name}" for alias in node.names]
        source.replace_node(node, "; ".join(names))


def _import_part(alias: ast.alias) -> str | None:
    if not _served(alias.name):
        return None
    if alias.asname:
        return f"{alias.asname} = {_module(alias.name)}"
    top = alias.name.split(".")[0]
    return f"{top} = {_module(top)}"


def _served(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in MODULES


def _module(module: str) -> str:
    return f"_module_{module}"


def _opens(source: Source, node: ast.AST, own: set[str]) -> None:
    """`open(…)`, `subprocess.Popen(…)`: tell them their line, for the call they make later."""
    if not isinstance(node, ast.Call) or not _is_opener(node.func, own):
        return
    _add_argument(source, node, f"_line={node.lineno}")


def _is_opener(function: ast.expr, own: set[str]) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "open" and "open" not in own
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return (function.value.id, function.attr) in {("subprocess", "Popen"), ("io", "open")}
    return False


def _written_at_once(source: Source, node: ast.AST, own: set[str]) -> None:
    """`open(…, "w").write(…)`: nothing holds the file, so this write closes it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    opened = node.func.value
    if node.func.attr in {"write", "writelines"} and isinstance(opened, ast.Call):
        path_open = isinstance(opened.func, ast.Attribute) and opened.func.attr == "open"
        if path_open or _is_opener(opened.func, own):
            _add_argument(source, opened, "_once=True")


def _add_argument(source: Source, call: ast.Call, text: str) -> None:
    given = [*call.args, *call.keywords]
    if any((keyword.arg is None) for keyword in call.keywords):
        return  # **options: a comma would be right, a second _line might not be
    closing = source.end(call) - 1
    between = source.part(source.end(given[-1]), closing) if given else ""
    comma = ", " if given and "," not in between.split("#")[0] else ""
    source.insert(closing, comma + text)


_PATH_METHODS = frozenset(
    ["expanduser", "is_relative_to", "lstat", "match", "open", "relative_to", "samefile", "touch"]
)
_WITH_LINE = frozenset({"open", "touch"})
"""Methods of paths that become calls later, or in the prelude, and so are told the line they stand in."""


def _path_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """Methods of paths that Monty lacks become the prelude's; those that take less lose what they ignore."""
    del own
    if isinstance(node, ast.Attribute) and node.attr == "parents" and isinstance(node.ctx, ast.Load):
        source.insert(source.start(node), "_path_parents(")
        source.replace(_dot(source, node), source.end(node), ")")
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    receiver, method = node.func.value, node.func.attr
    if method in _PATH_METHODS and not (isinstance(receiver, ast.Name) and receiver.id in _OTHER_OWNERS):
        if method in _WITH_LINE:
            _add_argument(source, node, f"_line={node.lineno}")
        _call_prelude(source, node, f"_path_{method}")
    elif method == "resolve" and (node.args or node.keywords):
        _call_prelude(source, node, "_path_resolve")
    elif method in {"read_text", "write_text"}:
        _drop_encoding(source, node, keep=0 if method == "read_text" else 1)


_OTHER_OWNERS = frozenset({"codecs", "io", "os", "re"})


def _call_prelude(source: Source, call: ast.Call, function: str) -> None:
    """`receiver.method(rest)` → `function(receiver, rest)`."""
    assert isinstance(call.func, ast.Attribute)
    after = source.end(call.func)
    opening = source.part(after, source.end(call)).index("(") + after
    source.insert(source.start(call), f"{function}(")
    source.replace(_dot(source, call.func), opening + 1, ", ")


def _dot(source: Source, attribute: ast.Attribute) -> int:
    """The byte offset of the dot before an attribute's name."""
    dot = source.end(attribute) - len(attribute.attr.encode()) - 1
    while source.part(dot, dot + 1) != ".":
        dot -= 1
    return dot


def _drop_encoding(source: Source, call: ast.Call, keep: int) -> None:
    given = [*call.args, *call.keywords]
    dropped = list(call.args[keep:]) + [kw for kw in call.keywords if kw.arg in _ENCODING_KEYWORDS]
    if not dropped or len(call.args) > keep + 3:
        return
    kept = [arg for arg in given if arg not in dropped]
    opening = source.part(source.end(call.func), source.end(call)).index("(") + source.end(call.func) + 1
    start = source.end(kept[-1]) if kept else opening
    if all(source.start(arg) >= start for arg in dropped):
        source.replace(start, source.end(call) - 1, "")


def _printing(source: Source, node: ast.AST, own: set[str]) -> None:
    """`print(…, file=f)` for any `f` that can write."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and "print" not in own
        and any(keyword.arg == "file" for keyword in node.keywords)
    ):
        source.replace_node(node.func, "_print_to")


def _raising(source: Source, node: ast.AST, own: set[str]) -> None:
    """Monty's exceptions take one text: `ValueError(5)` → `ValueError(str(5))`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords or len(node.args) != 1:
        return
    argument = node.args[0]
    plain = isinstance(argument, ast.JoinedStr | ast.Starred) or (
        isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )
    if node.func.id in _EXCEPTIONS and node.func.id not in own and not plain:
        source.wrap(argument, "str(", ")")


def _show_last(source: Source) -> None:
    """The value of a last expression, as text: what it prints like is known only inside."""
    if not source.tree.body:
        return
    last = source.tree.body[-1]
    if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Yield | ast.YieldFrom):
        source.wrap(last.value, "_show((", "))")


def _text_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """`map(str.strip, lines)`: Monty's types have no methods to take hold of."""
    if not isinstance(node, ast.Attribute) or node.attr == "maketrans" or "str" in own:
        return
    if isinstance(node.value, ast.Name) and node.value.id == "str":
        source.replace_node(node, f"(lambda _text, *_more: _text.{node.attr}(*_more))")


# fmt: off
_METHODS = frozenset((
    "add", "append", "count", "endswith", "extend", "find", "get", "index", "items", "join", "keys", "lower", "pop",
    "remove", "replace", "setdefault", "split", "startswith", "strip", "update", "upper", "values",
))
# fmt: on
"""Methods of Monty's own types, which cannot be taken hold of without calling them."""


def _callbacks(source: Source, node: ast.AST, own: set[str]) -> None:
    """`sorted(files, key=os.path.getsize)`: builtins that call back become the prelude's, which can pause inside."""
    if not isinstance(node, ast.Call) or any(keyword.arg is None for keyword in node.keywords):
        return
    key = next((keyword.value for keyword in node.keywords if keyword.arg == "key"), None)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "sort" and key is not None:
        _hold_method(source, key)
        _call_prelude(source, node, "_sort")
    elif isinstance(node.func, ast.Name) and node.func.id not in own:
        if node.func.id in {"sorted", "max", "min"} and key is not None:
            _hold_method(source, key)
            source.replace_node(node.func, f"_{node.func.id}")
        elif node.func.id in {"map", "filter"} and len(node.args) > 1:
            _hold_method(source, node.args[0])
            source.replace_node(node.func, f"_{node.func.id}")


def _exit_codes(source: Source, node: ast.AST, own: set[str]) -> None:
    """`run_command(…).returncode`: the name that subprocess gives an exit code is understood too."""
    del own
    if isinstance(node, ast.Attribute) and node.attr == "returncode" and isinstance(node.ctx, ast.Load):
        source.insert(source.start(node), "_returncode(")
        source.replace(_dot(source, node), source.end(node), ")")


def _hold_method(source: Source, value: ast.expr) -> None:
    """`counts.get` → `(lambda *_more: counts.get(*_more))`."""
    if isinstance(value, ast.Attribute) and value.attr in _METHODS:
        if isinstance(value.value, ast.Name) and value.value.id == "str":
            return  # the rule for methods of text has it
        source.wrap(value, "(lambda *_more: ", "(*_more))")


_RULES: tuple[Callable[[Source, ast.AST, set[str]], None], ...] = (
    _text_methods,
    _callbacks,
    _exit_codes,
    _imports,
    _opens,
    _written_at_once,
    _path_methods,
    _printing,
    _raising,
)
