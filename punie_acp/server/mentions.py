"""What a resource's URI points at: a file, some of its lines, a folder, or nothing that could be read.

Editors write lines in many ways: `#L10`, `#L10:20` (Zed), `#L10-20`, `#L10-L20` (GitHub), `#L10C3-L20C5` (VS Code),
`?line=10`. Zed has its own scheme besides `file:`: `zed:///agent/selection?path=/a.py#L1:3`, likewise `file`,
`directory`, `symbol/NAME`; what else it mentions (`zed:///agent/thread/…`) is no file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

_LINES = re.compile(r"L?(\d+)(?:C\d+)?(?:\s*[-:,]\s*L?(\d+)(?:C\d+)?)?", re.IGNORECASE)
_BARE = re.compile(r"(?P<path>/.*?)(?::(?P<line>\d+))?(?::\d+)?")
_ZED_FILES = ("file", "directory", "selection", "symbol")


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in the file system."""

    path: str  # absolute
    lines: tuple[int, int] | None = None  # 1-based, both included
    symbol: str = ""

    @property
    def part(self) -> str:
        """What of the file is meant, to follow its name."""
        symbol = f", {self.symbol}" if self.symbol else ""
        if self.lines is None:
            return f" ({symbol[2:]})" if symbol else ""
        first, last = self.lines
        return f" (line {first}{symbol})" if first == last else f" (lines {first}–{last}{symbol})"


def mention_of(uri: str) -> Mention | None:
    """What `uri` points at; None where that is no file."""
    if uri.startswith("/") and not uri.startswith("//"):
        bare = _BARE.fullmatch(uri)
        line = int(bare["line"]) if bare and bare["line"] else 0
        return Mention(bare["path"] if bare else uri, (line, line) if line else None)
    try:
        parts = urlsplit(uri)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    except ValueError:
        return None
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        path, symbol = unquote(parts.path), query.get("symbol", "")
    elif parts.scheme == "zed" and parts.path.startswith("/agent/"):
        kind, _, symbol = parts.path.removeprefix("/agent/").partition("/")
        path, symbol = query.get("path", "") if kind in _ZED_FILES else "", unquote(symbol)
    else:
        return None
    return Mention(path, _lines(parts.fragment, query), symbol) if path.startswith("/") else None


def _lines(fragment: str, query: dict[str, str]) -> tuple[int, int] | None:
    for text in (fragment, query.get("lines", ""), query.get("line", "")):
        found = _LINES.fullmatch(text)
        if found and int(found[1]) > 0:
            first = int(found[1])
            return first, max(first, int(found[2] or first))
    return None
