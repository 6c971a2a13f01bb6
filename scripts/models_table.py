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
    from punie_acp.weights.sources import Holding

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "docs/models.md")
_PLACE = re.compile(r"(<!-- models -->\n).*?(<!-- /models -->)", re.DOTALL)


def table() -> str:
    """The catalogue as a Markdown table. Sizes in GB of 1,000,000,000 bytes."""
    head = "| name | model | licence | download | memory | on a CPU, float32 | `auto` takes it from |\n"
    lines = "|---|---|---|---:|---:|---:|---|\n"
    return head + lines + "".join(map(_row, load_catalogue()))


def _row(model: CatalogueModel) -> str:
    memory, expanded = _memory(model), _gb(model.memory_bytes["cpu-float32"])
    size, least = _gb(model.download_bytes), _automatic(model)
    cells = [f"`{model.name}`", model.title, model.license, size, memory, expanded, least]
    return f"| {' | '.join(cells)} |\n"


def _memory(model: CatalogueModel) -> str:
    """What packed weights take: on a GPU, and on a CPU with our kernels, whose context is float32."""
    gpu, cpu = model.memory_bytes["metal"], model.memory_bytes["cpu"]
    return f"{_gb(gpu)} GPU" if cpu == model.memory_bytes["cpu-float32"] else f"{_gb(gpu)} GPU, {_gb(cpu)} CPU"


def _automatic(model: CatalogueModel) -> str:
    """From how much memory on `auto` takes a model; the first model of the table that fits is taken."""
    titles = {"metal": "Apple", "cuda": "NVIDIA", "cpu": "CPU", "cpu-float32": "CPU in float32"}
    minimum = dict(model.min_memory)
    if minimum.get("cpu") == minimum.get("cpu-float32"):
        minimum.pop("cpu-float32", None)
    return ", ".join(f"{titles[holding]} {_least(minimum, holding)}" for holding in minimum) or "never"


def _least(minimum: Mapping[Holding, int], holding: Holding) -> str:
    return _gb(minimum[holding]) if minimum[holding] else "any"


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
