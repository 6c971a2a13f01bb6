"""Writes the settings as a table into docs/settings.md: `python scripts/settings_table.py`.

Names and defaults come from `Settings`, meanings from the comments there. A test fails where the table is another.
"""  # noqa: INP001 - a folder of scripts, not a package

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

from punie_acp import settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "settings.md"
_PLACE = re.compile(r"(<!-- settings -->\n).*?(<!-- /settings -->)", re.DOTALL)
_COMMENT = re.compile(r"^    (\w+): .*?  # (.*)$", re.MULTILINE)


def table() -> str:
    """All settings but the folders, as a Markdown table."""
    meanings = dict(_COMMENT.findall(inspect.getsource(settings.Settings)))
    shown = [field for field in fields(settings.Settings) if not field.name.endswith("_dir")]
    rows = [_row(field.name, field.default, meanings.get(field.name, "")) for field in shown]
    return "| setting | variable | default | meaning |\n|---|---|---|---|\n" + "".join(rows)


def _row(name: str, default: object, meaning: str) -> str:
    value = f"`{default}`" if default != "" else "(empty)"
    return f"| `{name}` | `PUNIE_{name.upper()}` | {value} | {meaning.replace('|', chr(92) + '|')} |\n"


def filled(text: str) -> str:
    """`text` with the table of today in its place."""
    return _PLACE.sub(lambda found: found[1] + table() + found[2], text)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
