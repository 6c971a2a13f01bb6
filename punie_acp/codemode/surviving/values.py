"""Values of programs as JSON, so that another process can give them to Monty as this one would have."""

from __future__ import annotations

import base64
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, cast

from punie_acp.codemode.functions import Match, Result
from punie_acp.codemode.hostmodules.commands import CompletedProcess
from punie_acp.codemode.tools import values as tools

if TYPE_CHECKING:
    from collections.abc import Callable

    from punie_acp.codemode.events import JsonValue

_TUPLES: dict[str, Callable[..., tuple[object, ...]]] = {
    kind.__name__: kind for kind in (Match, Result, CompletedProcess, *tools.KINDS)
}
_PLAIN = (bool, int, float, str, type(None))


class UnkeptValueError(ValueError):
    """A value of a kind that cannot be kept."""


def packed(value: object) -> JsonValue:
    """`value` as JSON: plain data, bytes, paths, and the named tuples of our own functions.

    Raises `UnkeptValueError` for anything else.
    """
    if type(value) in _PLAIN:
        return cast("JsonValue", value)
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, PurePath):
        return {"path": str(value)}
    if isinstance(value, tuple):
        kind = type(cast("tuple[object, ...]", value))
        if kind is not tuple and _TUPLES.get(kind.__name__) is not kind:
            raise UnkeptValueError(f"a {kind.__name__} cannot be kept")
        name = "tuple" if kind is tuple else kind.__name__
        return {"tuple": name, "items": [packed(item) for item in cast("tuple[object, ...]", value)]}
    if isinstance(value, list):
        return [packed(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        pairs: list[JsonValue] = [
            [packed(key), packed(item)] for key, item in cast("dict[object, object]", value).items()
        ]
        return {"dict": pairs}
    raise UnkeptValueError(f"a {type(value).__name__} cannot be kept")


def unpacked(data: JsonValue) -> object:
    """The value of which `packed` made `data`. Raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    if isinstance(data, list):
        return [unpacked(item) for item in data]
    if not isinstance(data, dict):
        return data
    if "bytes" in data:
        return base64.b64decode(str(data["bytes"]))
    if "path" in data:
        return PurePosixPath(str(data["path"]))
    if "dict" in data:
        pairs = cast("list[list[JsonValue]]", data["dict"])
        return {unpacked(key): unpacked(item) for key, item in pairs}
    items = tuple(unpacked(item) for item in cast("list[JsonValue]", data["items"]))
    return items if data["tuple"] == "tuple" else _TUPLES[str(data["tuple"])](*items)
