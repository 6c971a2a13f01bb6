"""What a tool answered: as a value of the program, and as the record shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp.types import BlobResourceContents, CallToolResult, ContentBlock, TextResourceContents

    from punie_acp.codemode.events import JsonValue


@dataclass(frozen=True)
class ToolResult:
    """A tool's answer. `structured` is there where the server gave one."""

    text: str  # its content, with images and the like described
    structured: JsonValue = None
    is_error: bool = False


def tool_result(result: CallToolResult) -> ToolResult:
    """The answer in plain values."""
    return ToolResult(described(result.content), cast("JsonValue", result.structured_content), bool(result.is_error))


def described(blocks: Sequence[ContentBlock]) -> str:
    """The texts of a result, a line for each thing that is no text."""
    return "\n".join(_described(block) for block in blocks)


def _described(block: ContentBlock) -> str:
    match block.type:
        case "text":
            return block.text
        case "image" | "audio":
            return f"[{block.type}, {block.mime_type}, {_bytes(block.data)} bytes]"
        case "resource_link":
            return f"[resource {block.uri}{f': {block.title}' if block.title else ''}]"
        case "resource":
            return _resource(block.resource)


def _resource(resource: TextResourceContents | BlobResourceContents) -> str:
    text = getattr(resource, "text", None)
    if isinstance(text, str):
        return f"[resource {resource.uri}]\n{text}"
    return f"[resource {resource.uri}, {resource.mime_type or 'binary'}, {_bytes(getattr(resource, 'blob', ''))} bytes]"


def _bytes(base64: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(base64.rstrip("=")) * 3 // 4
