"""Functions of the standard library that only compute: answered by the host's own Python, without a call to show.

Nothing of a program is run here; `ast` and `literal_eval` only read text. What would take long is refused by its size.
"""

from __future__ import annotations

import ast
import codecs
import importlib
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import difflib
    from collections.abc import Callable, Mapping, Sequence
    from xml.etree.ElementTree import Element

MAX_TEXT = 400_000  # characters of one call's arguments
MAX_FILE = 10_000_000  # the same, of what is written in an encoding
MAX_NUMBER = 10_000  # a width, an indent, a count: what makes a short text long
MAX_ITEMS = 2_000  # of a sequence that is compared with another
MAX_MARKED_ITEMS = 300  # where the comparison looks into the lines as well
MAX_BYTES = 1_000_000  # of a result
_AT_ONCE = 20_000  # what is smaller takes less than a few milliseconds

_ALLOWED = {
    "ast": "literal_eval",
    "binascii": "hexlify unhexlify crc32",
    "calendar": "monthrange isleap leapdays weekday month monthcalendar calendar timegm",
    "html": "escape unescape",
    "inspect": "cleandoc",
    "mimetypes": "guess_type guess_extension",
    "pprint": "pformat",
    "shlex": "quote join split",
    "statistics": "mean fmean median median_low median_high median_grouped mode multimode variance pvariance stdev "
    "pstdev quantiles harmonic_mean geometric_mean",
    "struct": "unpack calcsize unpack_from",
    "textwrap": "dedent wrap fill shorten",
    "unicodedata": "normalize name category combining lookup east_asian_width",
    "zlib": "crc32 adler32",
}
"""What is called as it is, and imported when it is first asked for."""
_OF_FILES = ("codecs.encode", "codecs.decode")
_ANY_NUMBER = ("struct", "zlib", "binascii", "calendar.timegm")


def takes_long(args: Sequence[object]) -> bool:
    """Whether a call should not hold up the event loop."""
    return str(args[0]).startswith("difflib.") or sum(_size(one) for one in args) > _AT_ONCE


def compute(args: Sequence[object], kwargs: Mapping[str, object]) -> object:
    """`compute(("textwrap.fill", text, 30), {})`. Raises what the function raises; `ValueError` for too much of it."""
    name, given = str(args[0]), args[1:]
    if name == "names":
        return _names(given[0])
    function = _function(name)
    most = MAX_FILE if name in _OF_FILES else MAX_TEXT
    if sum(_size(one) for one in given) > most or sum(_size(one) for one in kwargs.values()) > MAX_NUMBER:
        raise ValueError(f"{name} takes at most {most} characters here")
    numbers = [one for one in (*given, *kwargs.values()) if isinstance(one, int)]
    if not name.startswith(_ANY_NUMBER) and any(abs(one) > MAX_NUMBER for one in numbers):
        raise ValueError(f"{name} takes numbers up to {MAX_NUMBER} here")
    return function(*given, **kwargs)


def _function(name: str) -> Callable[..., object]:
    if name in _OWN:
        return _OWN[name]
    module, _, function = name.rpartition(".")
    if function not in _ALLOWED.get(module, "").split():
        raise NotImplementedError(f"{name} is not available in this sandbox")
    return getattr(importlib.import_module(module), function)


def _size(value: object) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, int):
        return 1 + value.bit_length() // 8
    if isinstance(value, list | tuple | set | frozenset):
        return sum(_size(one) for one in cast("Sequence[object]", value))
    if isinstance(value, dict):
        return sum(_size(key) + _size(one) for key, one in cast("dict[object, object]", value).items())
    return 1


def _names(value: object) -> list[str]:
    """The attributes of an object of a program's class."""
    return [name for name in getattr(value, "attributes", {}) if not name.startswith("_cached_")]


# ast

_PLACES = ("lineno", "col_offset", "end_lineno", "end_col_offset")


def parse(source: str, mode: str = "exec") -> object:
    """A syntax tree as plain data: kinds, fields and places."""
    try:
        return _data(ast.parse(source, mode=mode))
    except (RecursionError, MemoryError):
        raise ValueError("the source is nested too deeply") from None


def _data(node: object) -> object:
    if isinstance(node, list):
        return [_data(one) for one in cast("list[object]", node)]
    if not isinstance(node, ast.AST):
        return None if node is ... else node
    fields = {name: _data(getattr(node, name, None)) for name in node._fields}
    places = {name: getattr(node, name) for name in _PLACES if hasattr(node, name)}
    return {"kind": type(node).__name__, "fields": fields, "places": places}


def _tree(data: object) -> Any:  # noqa: ANN401 - a node, a list of nodes, or a plain value
    if isinstance(data, list):
        return [_tree(one) for one in cast("list[object]", data)]
    if not isinstance(data, dict) or "kind" not in data:
        return cast("object", data)
    known = cast("dict[str, Any]", data)
    return _kind(str(known["kind"]))(**{name: _tree(one) for name, one in known["fields"].items()})


def _kind(name: str) -> type[ast.AST]:
    kind = getattr(ast, name, None)
    if not (isinstance(kind, type) and issubclass(kind, ast.AST)):
        raise ValueError(f"there is no node ast.{name}")
    return kind


def _unparse(data: object) -> str:
    return ast.unparse(ast.fix_missing_locations(_tree(data)))


def _dump(data: object, indent: int | None = None) -> str:
    return ast.dump(_tree(data), indent=indent)


def _node_fields(kind: str) -> list[str]:
    return list(_kind(kind)._fields)


def _segment(source: str, line: int, column: int, end_line: int, end_column: int) -> str:
    place = ast.Pass(lineno=line, col_offset=column, end_lineno=end_line, end_col_offset=end_column)
    return ast.get_source_segment(source, place) or ""


# difflib


def _matcher(a: list[Any], b: list[Any], most: int = MAX_ITEMS) -> difflib.SequenceMatcher[Any]:
    import difflib

    if max(len(a), len(b)) > most:
        raise ValueError(f"difflib compares at most {most} items here; `diff` as a command takes any number")
    return difflib.SequenceMatcher(None, a, b)


def _ratio(a: list[Any], b: list[Any]) -> float:
    return _matcher(a, b).ratio()


def _opcodes(a: list[Any], b: list[Any]) -> list[tuple[str, int, int, int, int]]:
    return list(_matcher(a, b).get_opcodes())


def _blocks(a: list[Any], b: list[Any]) -> list[list[int]]:
    return [list(block) for block in _matcher(a, b).get_matching_blocks()]


def _unified(a: list[str], b: list[str], *files: Any, **options: Any) -> list[str]:  # noqa: ANN401 - as difflib's
    import difflib

    _matcher(a, b)
    return list(difflib.unified_diff(a, b, *files, **options))


def _context(a: list[str], b: list[str], *files: Any, **options: Any) -> list[str]:  # noqa: ANN401 - as difflib's
    import difflib

    _matcher(a, b)
    return list(difflib.context_diff(a, b, *files, **options))


def _marked(a: list[str], b: list[str]) -> list[str]:
    import difflib

    _matcher(a, b, MAX_MARKED_ITEMS)
    return list(difflib.ndiff(a, b))


def _close(word: str, words: list[str], n: int, cutoff: float) -> list[str]:
    import difflib

    if _size(words) * len(word) > MAX_ITEMS**2:
        raise ValueError("these are too many or too long words for difflib here")
    return difflib.get_close_matches(word, words, n, cutoff)


def _longest(
    a: list[Any], b: list[Any], alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
) -> list[int]:
    return list(_matcher(a, b).find_longest_match(alo, ahi, blo, bhi))


def _table(a: list[str], b: list[str]) -> str:
    import difflib

    _matcher(a, b, MAX_MARKED_ITEMS)
    return difflib.HtmlDiff().make_file(a, b)


def _parse_xml(text: str) -> object:
    """An element as plain data. Declarations of entities are refused: a short text could grow without end."""
    from xml.etree import ElementTree as ET

    if "<!ENTITY" in text:
        raise ValueError("entities are not read here")
    try:
        return _element(ET.fromstring(text))  # noqa: S314 - without entities there is nothing to expand
    except ET.ParseError as error:
        raise SyntaxError(str(error)) from None


def _element(element: Element) -> dict[str, object]:
    return {
        "tag": element.tag,
        "attrib": dict(element.attrib),
        "text": element.text,
        "tail": element.tail,
        "children": [_element(child) for child in element],
    }


def _pack(layout: str, *values: object) -> bytes:
    import struct

    if struct.calcsize(layout) > MAX_BYTES:
        raise ValueError(f"struct.pack makes at most {MAX_BYTES} bytes here")
    return struct.pack(layout, *values)


def _unpack_all(layout: str, data: bytes) -> list[tuple[Any, ...]]:
    import struct

    return list(struct.iter_unpack(layout, data))


def _fraction_of(value: float) -> list[int]:
    return list(value.as_integer_ratio())


def _encode(text: str, encoding: str, errors: str) -> bytes:
    return text.encode(_of_files(encoding), errors)


def _decode(data: bytes, encoding: str, errors: str) -> str:
    return data.decode(_of_files(encoding), errors)


def _of_files(encoding: str) -> str:
    """`encoding`, as one that takes no longer than a file is long."""
    name = codecs.lookup(encoding).name
    if name in ("idna", "punycode"):
        raise LookupError(f"{encoding} is no encoding of files")
    return name


_OWN: dict[str, Callable[..., object]] = {
    "xml.parse": _parse_xml,
    "ast.parse": parse,
    "ast.unparse": _unparse,
    "ast.dump": _dump,
    "ast.segment": _segment,
    "ast.fields": _node_fields,
    "codecs.decode": _decode,
    "codecs.encode": _encode,
    "difflib.ratio": _ratio,
    "difflib.opcodes": _opcodes,
    "difflib.blocks": _blocks,
    "difflib.longest": _longest,
    "difflib.unified_diff": _unified,
    "difflib.context_diff": _context,
    "difflib.ndiff": _marked,
    "difflib.html": _table,
    "difflib.close": _close,
    "struct.pack": _pack,
    "struct.iter_unpack": _unpack_all,
    "fractions.of_float": _fraction_of,
}
"""What needs a limit of its own, or gives plain data in place of objects."""
