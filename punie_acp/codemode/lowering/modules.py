""""""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from punie_acp.codemode.source import Source

MODULES = frozenset(
    (
        "asyncio",
        "collections",
        "functools",
        "glob",
        "io",
        "os",
        "shutil",
        "subprocess",
        "sys",
        "argparse",
        "ast",
        "configparser",
        "contextlib",
        "difflib",
        "fnmatch",
        "heapq",
        "logging",
        "operator",
        "pprint",
        "statistics",
        "string",
        "tempfile",
        "textwrap",
        "uuid",
        "xml",
        "threading",
        "concurrent",
        "queue",
        "multiprocessing",
        "types",
        "struct",
        "shlex",
        "html",
        "calendar",
        "unicodedata",
        "zlib",
        "binascii",
        "platform",
        "getpass",
        "secrets",
        "errno",
        "stat",
        "atexit",
        "gc",
        "warnings",
        "locale",
        "signal",
        "linecache",
        "filecmp",
        "codecs",
        "mimetypes",
        "timeit",
        "traceback",
        "fractions",
    )
)
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
    "pathlib": dict.fromkeys(("PurePath", "PurePosixPath", "PosixPath"), "Path"),
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


def imports(source: Source, node: ast.AST, own: set[str]) -> None:
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
        names = [f"{alias.asname or alias.name} = _part({_module(module)}, {alias.name!r})" for alias in node.names]
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


def replaced_parts(source: Source, node: ast.AST, own: set[str]) -> None:
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
