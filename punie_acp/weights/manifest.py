"""punie.json: what an installed model is, where it came from, and the checksum of each of its files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, cast

from punie_acp.weights.disk import sha256_of
from punie_acp.weights.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.weights.progress import Progress

MANIFEST = "punie.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of punie.json. `files` maps a file's name to (bytes, SHA-256)."""

    source: str
    dialect: str | None
    context_tokens: int
    files: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    report: dict[str, Any] = field(default_factory=dict[str, Any])  # of a GGUF import; empty for other models


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in `folder`; None if there is none, or none that this version can read."""
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if values.pop("format") != _FORMAT:
            return None
        values["files"] = {name: (int(size), str(digest)) for name, (size, digest) in values["files"].items()}
        return Manifest(**values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def seal(folder: Path, manifest: Manifest, progress: Progress) -> Manifest:
    """Write punie.json into a finished folder, with the checksum of each file that is there."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    progress.start("taking checksums", sum(path.stat().st_size for path in paths))
    files = {path.name: (path.stat().st_size, sha256_of(path, progress.advance)) for path in paths}
    progress.finish()
    sealed = Manifest(manifest.source, manifest.dialect, manifest.context_tokens, files, manifest.report)
    text = json.dumps({"format": _FORMAT, **asdict(sealed)}, indent=1)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return sealed


def is_complete(folder: Path, manifest: Manifest) -> bool:
    """Whether every file is there with its size. Quick; `problems` reads every byte."""
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == size
        for name, (size, _) in manifest.files.items()
    )


def problems(folder: Path, manifest: Manifest) -> list[str]:
    """A sentence for each file that is missing or whose bytes have changed."""
    found: list[str] = []
    for name, (size, digest) in manifest.files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing.")
        elif path.stat().st_size != size:
            found.append(f"{name} has {path.stat().st_size} bytes instead of {size}.")
        elif sha256_of(path) != digest:
            found.append(f"{name} has a wrong checksum.")
    return found


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises `WeightsError` if there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(f"{path.parent} has no {path.name}, so it is not a model in MLX layout.") from None
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise WeightsError(f"{path} holds no JSON object.")
    return cast("dict[str, Any]", value)
