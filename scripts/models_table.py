"""Writes the catalogue's models as a table into the documentation: `python scripts/models_table.py`.

The table stands between `<!-- models -->` and `<!-- /models -->`. A test fails where it is not the catalogue's.
"""  # noqa: INP001 - a folder of scripts, not a package

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.weights.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punie_acp.weights.catalogue import CatalogueModel

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "docs/models.md")
_PLACE = re.compile(r"(<!-- models -->\n).*?(<!-- /models -->)", re.DOTALL)


def table() -> str:
    """The catalogue as a Markdown table. Sizes in GB of 1,000,000,000 bytes."""
    head = "| name | model | licence | download | memory, GPU | memory, CPU | `auto` takes it from |\n"
    lines = "|---|---|---|---:|---:|---:|---|\n"
    return head + lines + "".join(map(_row, load_catalogue()))


def _row(model: CatalogueModel) -> str:
    gpu, cpu = _gb(model.memory_bytes["metal"]), _gb(model.memory_bytes["cpu"])
    cells = [f"`{model.name}`", model.title, model.license, _gb(model.download_bytes), gpu, cpu, _automatic(model)]
    return f"| {' | '.join(cells)} |\n"


def _automatic(model: CatalogueModel) -> str:
    """From how much memory on `auto` takes a model, by device; the first model of the table that fits is taken."""
    titles = {"metal": "Apple", "cuda": "NVIDIA", "cpu": "CPU"}
    return ", ".join(f"{titles[device]} {_least(model.min_memory, device)}" for device in model.min_memory) or "never"


def _least(minimum: Mapping[str, int], device: str) -> str:
    return _gb(minimum[device]) if minimum[device] else "any"


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def filled(document: str) -> str:
    """`document` with the table in its place, if it has one."""
    return _PLACE.sub(lambda match: match[1] + table() + match[2], document)


def main() -> None:
    """Write the table into every document that has a place for it."""
    for path in (ROOT / name for name in DOCUMENTS if (ROOT / name).exists()):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
