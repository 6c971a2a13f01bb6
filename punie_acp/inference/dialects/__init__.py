"""How a model family writes a tool call in text: rendering, and streaming parsers. One file a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.inference.dialects.base import (
    ArgumentDelta,
    CallEnd,
    CallStart,
    Dialect,
    JsonValue,
    Malformed,
    ParseEvent,
    Parser,
    TextDelta,
    Tool,
    read_text,
)
from punie_acp.inference.dialects.blocks import BlockDialect
from punie_acp.inference.dialects.fence import FenceDialect

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DIALECTS",
    "ArgumentDelta",
    "CallEnd",
    "CallStart",
    "Dialect",
    "JsonValue",
    "Malformed",
    "ParseEvent",
    "Parser",
    "TextDelta",
    "Tool",
    "choose_dialect",
    "read_text",
    "sniff_dialect",
]

DIALECTS: Mapping[str, Dialect] = {
    "xml": BlockDialect("xml"),
    "json": BlockDialect("json"),
    "fence": FenceDialect(),
}


def choose_dialect(setting: str = "", catalogue: str | None = None, chat_template: str | None = None) -> Dialect:
    """The user's setting decides, else the catalogue, else the chat template. Raises `ValueError` for another name."""
    name = setting or catalogue or sniff_dialect(chat_template or "")
    if name not in DIALECTS:
        raise ValueError(f"Unknown dialect {name!r}; it must be one of {', '.join(DIALECTS)}.")
    return DIALECTS[name]


def sniff_dialect(chat_template: str) -> str:
    """The dialect that a chat template teaches its model."""
    if "<function=" in chat_template:
        return "xml"
    return "json" if "<tool_call>" in chat_template else "fence"
