"""A session's title: the first line of its first prompt, without a model's help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.protocol.errors import JsonValue

LONGEST = 72  # characters
NOTHING_SAID = "Untitled"

_MARKUP = re.compile(r"^[\s#>*+`~\-]+|[`*]+")
_FENCES = ("```", "~~~")
_SPACE = re.compile(r"\s+")


def title_of(prompt: Sequence[JsonValue]) -> str:
    """A title for a session whose first prompt has these content blocks."""
    for block in prompt:
        text = block.get("text") if isinstance(block, dict) and block.get("type") == "text" else None
        for line in text.splitlines() if isinstance(text, str) else []:
            if not line.startswith(_FENCES) and (title := _cleaned(line)):
                return _cut(title)
    return NOTHING_SAID


def _cleaned(line: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in line)
    return _SPACE.sub(" ", _MARKUP.sub("", printable)).strip()


def _cut(title: str) -> str:
    if len(title) <= LONGEST:
        return title
    whole_words = title[:LONGEST].rsplit(" ", 1)[0]
    return (whole_words if len(whole_words) > LONGEST // 2 else title[: LONGEST - 1]).rstrip(" ,;:") + "…"
