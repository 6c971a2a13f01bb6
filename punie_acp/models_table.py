"""`punie-acp models`: what is installed and what could be, in one table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from punie_acp.weights.catalogue import choose_model, detect_device, detect_holding, load_catalogue, machine_memory

if TYPE_CHECKING:
    from rich.table import Table

    from punie_acp.weights.catalogue import CatalogueModel
    from punie_acp.weights.sources import Holding
    from punie_acp.weights.store import InstalledModel, ModelStore


@dataclass(frozen=True, slots=True)
class Row:
    """One model. Sizes are in bytes."""

    name: str
    title: str
    license: str | None
    size_bytes: int  # on disk if installed, else the download
    memory_bytes: int | None  # to run it here; None for a model that is not in the catalogue
    installed: bool
    default: bool  # what `auto` means now
    suggested: bool  # what `auto` would install here
    fits: bool | None

    def as_values(self) -> dict[str, object]:
        """The row for JSON."""
        return asdict(self)


def list_models(store: ModelStore) -> list[Row]:
    """The models of the catalogue, then the other installed ones."""
    device = detect_device()
    memory, holding = machine_memory(device), detect_holding(device)
    installed = {model.name: model for model in store.installed()}
    suggested = choose_model(memory, holding).name
    default = store.default() or (suggested if suggested in installed else None)
    known = [_known(model, installed.get(model.name), holding, memory) for model in load_catalogue()]
    others = [_other(model) for name, model in installed.items() if name not in {row.name for row in known}]
    return [_marked(row, default, suggested) for row in (*known, *others)]


def as_table(rows: list[Row], *, with_titles: bool) -> Table:
    """The rows for people."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", *(("model",) if with_titles else ()), "size", "memory", "state"):
        table.add_column(title, justify="right" if title in ("size", "memory") else "left", no_wrap=title != "state")
    for row in rows:
        memory = _gb(row.memory_bytes) if row.memory_bytes is not None else "?"
        style = None if row.installed or row.fits is not False else "dim"
        titles = (row.title,) if with_titles else ()
        table.add_row(row.name, *titles, _gb(row.size_bytes), memory, state_of(row), style=style)
    return table


def state_of(row: Row) -> str:
    """What there is to say about a row, in a few words."""
    words = [
        "installed" if row.installed else "",
        "default" if row.default else "",
        "suits this machine" if row.suggested and not row.default else "",
        "too large here" if row.fits is False else "",
    ]
    return ", ".join(word for word in words if word)


def _known(model: CatalogueModel, installed: InstalledModel | None, holding: Holding, memory: int) -> Row:
    needed = model.memory_bytes[holding]
    size = installed.bytes_on_disk if installed else model.download_bytes
    return Row(
        name=model.name,
        title=model.title,
        license=model.license,
        size_bytes=size,
        memory_bytes=needed,
        installed=installed is not None,
        default=False,
        suggested=False,
        fits=needed <= memory,
    )


def _other(model: InstalledModel) -> Row:
    return Row(model.name, model.source, None, model.bytes_on_disk, None, True, False, False, None)


def _marked(row: Row, default: str | None, suggested: str) -> Row:
    from dataclasses import replace

    return replace(row, default=row.name == default, suggested=row.name == suggested)


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
