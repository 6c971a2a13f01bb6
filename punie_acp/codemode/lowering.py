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

    from punie_acp.codemode.rewriting.emit import Lines

# fmt: off
MODULES = frozenset((
    "asyncio", "collections", "functools", "glob", "io", "os", "shutil", "subprocess", "sys",
    "argparse", "ast", "configparser", "contextlib", "difflib", "fnmatch", "heapq", "logging", "operator", "pprint",
    "statistics", "string", "tempfile", "textwrap", "uuid",
    "threading", "concurrent", "queue", "multiprocessing",
    "types", "struct", "shlex", "html", "calendar", "unicodedata", "zlib", "binascii", "platform", "getpass", "secrets",
    "errno", "stat", "atexit", "gc", "warnings", "locale", "signal", "linecache", "filecmp", "codecs", "mimetypes",
    "timeit", "traceback", "fractions",
))
# fmt: on
"""The modules of the prelude: `import x` becomes `x = _module_x`."""

REPLACED: dict[str, dict[str, str]] = {
    "dataclasses": {
        name: f"_module_dataclasses.{name}"
        for name in ("asdict", "astuple", "replace", "fields", "is_dataclass", "InitVar", "KW_ONLY", "MISSING")
    },
    "re": {
        "subn": "_re_subn",
        "sub": "_re_sub",
        "compile": "_re_compile",
        "match": "_re_match",
        "search": "_re_search",
        "findall": "_re_findall",
        "finditer": "_re_finditer",
        "split": "_re_split",
        "VERBOSE": "64",
        "X": "64",
    },
    "typing": {
        **dict.fromkeys(
            (
                "NamedTuple",
                "TypedDict",
                "DefaultDict",
                "TypeAlias",
                "Awaitable",
                "Counter",
                "Deque",
                "Coroutine",
                "List",
                "Dict",
                "Tuple",
                "Set",
                "FrozenSet",
                "Optional",
                "Union",
                "Callable",
                "Iterable",
                "Iterator",
                "Generator",
                "Sequence",
                "Mapping",
                "MutableMapping",
                "Type",
                "Literal",
                "Final",
                "ClassVar",
                "Annotated",
                "Any",
                "AnyStr",
                "Text",
                "IO",
                "TextIO",
                "BinaryIO",
                "Pattern",
                "Match",
                "NoReturn",
                "Self",
                "Hashable",
                "Protocol",
                "Generic",
                "OrderedDict",
                "AsyncIterator",
                "AsyncGenerator",
                "Collection",
                "Container",
                "Concatenate",
                "Never",
                "LiteralString",
            ),
            "_form",
        ),
        "cast": "_cast",
        "TypeVar": "_unused",
        "ParamSpec": "_unused",
        "TypeVarTuple": "_unused",
        "overload": "_overload",
        "runtime_checkable": "_cast_",
        "NewType": "_new_type",
        "final": "_cast_",
        "get_type_hints": "_type_hints",
        "override": "_cast_",
    },
    "json": {
        "JSONEncoder": "_JSONEncoder",
        "dumps": "_json_dumps",
        "dump": "_json_dump",
        "loads": "_json_loads",
        "load": "_json_load",
    },
    "tomllib": {"load": "_toml_load"},
    "datetime": {"UTC": "datetime.timezone.utc"},
}
"""What the prelude has instead of a part of one of Monty's own modules."""

WITHOUT_MEANING = frozenset({"abc", "enum", "typing_extensions", "__future__", "numbers"})
"""Modules whose names only mark classes: the rewriting has dealt with those."""

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


def lower(code: str, earlier_names: frozenset[str] = frozenset(), lines: Lines | None = None) -> str:
    """The text that is fed to Monty. `earlier_names` were bound by earlier programs of the session; `lines` tell where
    those of `code` come from.

    Code that this Python cannot parse is given back as it is: Monty may know newer syntax.
    """
    try:
        source = Source(code)
    except (SyntaxError, ValueError, RecursionError):
        return code
    if lines is not None:
        source.lines = lines
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
            texts = [
                f"import {source.text_of(alias)}" if part is None else part
                for part, alias in zip(parts, node.names, strict=True)
            ]
            source.replace_node(node, "; ".join(text for text in texts if text) or "pass")
    elif isinstance(node, ast.ImportFrom) and node.names[0].name != "*" and not node.level:
        _import_from(source, node)


def _import_from(source: Source, node: ast.ImportFrom) -> None:
    module = node.module or ""
    replaced = REPLACED.get(module, {})
    if module in WITHOUT_MEANING:
        source.replace_node(node, "; ".join(f"{alias.asname or alias.name} = _unused" for alias in node.names))
    elif _served(module):
        names = [f"{alias.asname or alias.name} = {_module(module)}.{alias.name}" for alias in node.names]
        source.replace_node(node, "; ".join(names))
    elif any(alias.name in replaced for alias in node.names):
        kept = [source.text_of(alias) for alias in node.names if alias.name not in replaced]
        names = [f"from {module} import {', '.join(kept)}"] if kept else []
        names += [
            f"{alias.asname or alias.name} = {replaced[alias.name]}" for alias in node.names if alias.name in replaced
        ]
        source.replace_node(node, "; ".join(names))


def _import_part(alias: ast.alias) -> str | None:
    if alias.name in WITHOUT_MEANING:
        return f"{alias.asname or alias.name} = _unused"
    if not _served(alias.name):
        return None
    if alias.asname:
        return f"{alias.asname} = {_module(alias.name)}"
    top = alias.name.split(".")[0]
    return f"{top} = {_module(top)}"


def _replaced_parts(source: Source, node: ast.AST, own: set[str]) -> None:
    """`dataclasses.asdict` → the prelude's, where Monty's module lacks it."""
    del own
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        part = REPLACED.get(node.value.id, {}).get(node.attr)
        if part is not None:
            source.replace_node(node, part)


def _served(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in MODULES


def _module(module: str) -> str:
    return f"_module_{module}"


def _opens(source: Source, node: ast.AST, own: set[str]) -> None:
    """`open(…)`, `subprocess.Popen(…)`: tell them their line, for the call they make later."""
    if not isinstance(node, ast.Call) or not _is_opener(node.func, own):
        return
    _add_argument(source, node, f"_line={source.lines.origin(node.lineno)}")


def _is_opener(function: ast.expr, own: set[str]) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "open" and "open" not in own
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return (function.value.id, function.attr) in _OPENERS
    return False


_OPENERS = {("io", "open"), ("codecs", "open")} | {
    ("subprocess", name) for name in ("Popen", "run", "check_output", "check_call", "call")
}


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
            _add_argument(source, node, f"_line={source.lines.origin(node.lineno)}")
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
        and (any(keyword.arg == "file" for keyword in node.keywords) or _redirects(source))
    ):
        source.replace_node(node.func, "_print_to")


def _redirects(source: Source) -> bool:
    return "redirect_std" in source.text or "sys.stdout =" in source.text


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
    if isinstance(node.func, ast.Attribute) and node.func.attr == "sort":
        if key is not None:
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
        if value.attr not in _HELD:
            source.wrap(value, "(lambda *_more: ", "(*_more))")


def _assertions(source: Source, node: ast.AST, own: set[str]) -> None:
    """`assert test, text`: Monty 1.4 adds the values of the test to the text."""
    del own
    if isinstance(node, ast.Assert):
        said = source.text_of(node.msg) if node.msg else ""
        after = source.end(node.msg or node.test)
        source.replace(source.start(node), source.start(node.test), "(")
        source.replace(source.end(node.test), after, f") or _failed_assertion({said})")


_PLAIN_KINDS = frozenset(
    {"int", "float", "bool", "list", "dict", "tuple", "set", "bytes", "frozenset", "complex", "Path", "type", "str"}
)


def _kinds(source: Source, node: ast.AST, own: set[str]) -> None:
    """`isinstance(x, ast.Call)`: kinds that only the prelude knows."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 2:
        kind = node.args[1]
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        plain = all(isinstance(one, ast.Name) and one.id in _PLAIN_KINDS for one in kinds)
        if node.func.id == "isinstance" and "isinstance" not in own and not plain:
            source.replace_node(node.func, "_isinstance")


_IN_PRELUDE = {
    "translate": "_translate",
    "sub": "_pattern_sub",
    "subn": "_pattern_subn",
    "to_bytes": "_to_bytes",
    "isocalendar": "_isocalendar",
    "timetuple": "_timetuple",
    "bit_length": "_bit_length",
    "format_map": "_format_map",
    "move_to_end": "_move_to_end",
    "popitem": "_popitem",
}


def _lacking_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """Methods that Monty's text, patterns and dates lack."""
    del own
    if (
        not isinstance(node, ast.Call)
        or not isinstance(node.func, ast.Attribute)
        or not (node.args or node.func.attr[:3] in {"iso", "tim", "pop", "bit"})
    ):
        return
    receiver, method = node.func.value, node.func.attr
    if isinstance(receiver, ast.Name) and receiver.id in {"re", "int", "str"}:
        return
    if method in _IN_PRELUDE and not (method.startswith("sub") and _is_text(node.args[0])):
        _call_prelude(source, node, _IN_PRELUDE[method])


def _deletions(source: Source, node: ast.AST, own: set[str]) -> None:
    """`del d[k], x.a, l[1:], n`."""
    del own
    if isinstance(node, ast.Delete):
        source.replace_node(node, "; ".join(_deletion(source, target) for target in node.targets))


def _deletion(source: Source, target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
        return f"{source.text_of(target)} = []"
    if isinstance(target, ast.Subscript):
        return f"_del_item({source.text_of(target.value)}, {source.text_of(target.slice)})"
    if isinstance(target, ast.Attribute):
        return f"_del_attr({source.text_of(target.value)}, {target.attr!r})"
    return f"{source.text_of(target)} = None"


def _registrations(source: Source, node: ast.AST, own: set[str]) -> None:
    """`@show.register` on a function whose first parameter says the type."""
    del own
    if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].annotation is not None:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Attribute) and decorator.attr == "register":
                source.insert(source.end(decorator), f"({source.text_of(node.args.args[0].annotation)})")


def _process_output(source: Source, node: ast.AST, own: set[str]) -> None:
    """`for line in process.stdout`: reading it may pause, which a loop over an object cannot."""
    del own
    if isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Attribute):
        if node.iter.attr in {"stdout", "stderr"}:
            source.wrap(node.iter, "_lines_of(", ")")


def _byte_strings(source: Source, node: ast.AST, own: set[str]) -> None:
    """`bytes([65, 66])`, `bytearray(…)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"bytes", "bytearray"} - own:
        source.replace_node(node.func, "_bytes")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _static_methods(source: Source, node: ast.AST, own: set[str]) -> None:
    """`str.maketrans(…)`, `Path.home()`, `int.from_bytes(…)`."""
    del own
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        made = _STATIC.get((node.value.id, node.attr))
        if made is not None:
            source.replace_node(node, made)


_STATIC = {
    ("str", "maketrans"): "_maketrans",
    ("Path", "home"): "_path_home",
    ("int", "from_bytes"): "_int_from_bytes",
    ("dict", "get"): "(lambda _d, *_more: _d.get(*_more))",
    ("datetime", "fromtimestamp"): "_fromtimestamp",
    ("list", "append"): "(lambda _l, value: _l.append(value))",
}


def _lazy_parts(source: Source, node: ast.AST, own: set[str]) -> None:
    """A generator expression is a list in Monty; where somebody asks it for one value after the other, an iterator."""
    del own
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.GeneratorExp) and not _consumed_at_once(node, child):
            source.wrap(child, "iter(", ")")


def _consumed_at_once(node: ast.AST, child: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id != "next" and node.func.id != "iter"
    return isinstance(node, ast.Call | ast.For | ast.Starred | ast.comprehension)


def _held_methods(source: Source, node: ast.AST, own: set[str]) -> None:
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
            source.replace(_dot(source, child), source.end(child), f", {child.attr!r})")


# fmt: off
_HELD = frozenset((
    "append", "extend", "add", "get", "remove", "setdefault", "split", "strip", "lower", "upper", "startswith", "endswith",
    "replace", "match", "search", "fullmatch", "findall", "finditer", "sub", "appendleft", "popleft", "isdigit", "isalpha",
    "insert", "discard", "read_text", "is_file", "is_dir", "__getitem__", "__contains__",
))
# fmt: on
"""Methods that programs take hold of; names that are often attributes as well ("items", "count") are left alone."""


_RULES: tuple[Callable[[Source, ast.AST, set[str]], None], ...] = (
    _assertions,
    _deletions,
    _registrations,
    _process_output,
    _byte_strings,
    _kinds,
    _replaced_parts,
    _lacking_methods,
    _static_methods,
    _lazy_parts,
    _text_methods,
    _callbacks,
    _exit_codes,
    _imports,
    _opens,
    _written_at_once,
    _path_methods,
    _printing,
    _raising,
    _held_methods,
)
