"""ACP prompt content as the text that the model reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from acp import schema

if TYPE_CHECKING:
    from collections.abc import Sequence

PromptBlock = (
    schema.TextContentBlock
    | schema.ImageContentBlock
    | schema.AudioContentBlock
    | schema.ResourceContentBlock
    | schema.EmbeddedResourceContentBlock
)


class UnsupportedContentError(ValueError):
    """A prompt has content that the model cannot take; the message says which."""


def prompt_text(blocks: Sequence[PromptBlock], root: Path) -> str:
    """One text of all `blocks`. Files are named relative to `root`, so that a program can open them by that name.

    Raises `UnsupportedContentError` for images, audio and binary resources.
    """
    return "\n".join(text for text in (_block_text(block, root) for block in blocks) if text)


def _block_text(block: PromptBlock, root: Path) -> str:
    if isinstance(block, schema.TextContentBlock):
        return block.text
    if isinstance(block, schema.ResourceContentBlock):
        return f"(The user points to the file {_name(block.uri, root)})"
    if isinstance(block, schema.EmbeddedResourceContentBlock):
        resource = block.resource
        if isinstance(resource, schema.TextResourceContents):
            return f"The file {_name(resource.uri, root)} contains:\n```\n{resource.text}\n```"
        raise UnsupportedContentError(f"binary content ({resource.uri}) cannot be read by this model")
    raise UnsupportedContentError(f"{block.type} content cannot be read by this model; only text can")


def _name(uri: str, root: Path) -> str:
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return uri
    path = Path(unquote(parts.path))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
