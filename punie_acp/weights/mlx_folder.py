"""Checks that a folder is a whole model in MLX layout, and copies one."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any, cast

from punie_acp.weights.errors import UnsupportedModelError, WeightsError
from punie_acp.weights.manifest import MANIFEST, read_json

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.weights.progress import Progress

_DEFAULT_CONTEXT = 4096  # for a config.json that names no length
_COPIED = (".safetensors", ".json", ".jinja", ".txt", ".model", ".tiktoken")


def context_tokens(folder: Path) -> int:
    """The longest context the model was trained on, in tokens. Raises `WeightsError` without a config.json."""
    config = read_json(folder / "config.json")
    nested = config.get("text_config")
    inner = cast("dict[str, Any]", nested) if isinstance(nested, dict) else {}
    length = config.get("max_position_embeddings", inner.get("max_position_embeddings"))
    return length if isinstance(length, int) and length > 0 else _DEFAULT_CONTEXT


def require_model(folder: Path) -> None:
    """Raise `WeightsError` unless `folder` holds all of a model in MLX layout. Does not import MLX."""
    config = read_json(folder / "config.json")
    if not isinstance(config.get("model_type"), str):
        raise WeightsError(f"{folder}/config.json names no model_type.")
    if config.get("model_file"):
        raise UnsupportedModelError(f"{folder} wants to run Python code of its own, which is not allowed here.")
    if not isinstance(read_json(folder / "tokenizer.json").get("model"), dict):
        raise WeightsError(f"{folder}/tokenizer.json holds no tokenizer.")
    read_json(folder / "tokenizer_config.json")
    shards = sorted(folder.glob("model*.safetensors"))
    if not shards:
        raise WeightsError(f"{folder} has no model*.safetensors.")
    for shard in shards:
        _require_whole(shard)
    if (index := folder / "model.safetensors.index.json").exists():
        named = set(read_json(index).get("weight_map", {}).values())
        if absent := sorted(named - {shard.name for shard in shards}):
            raise WeightsError(f"{folder} is incomplete: {absent[0]} is missing.")


def require_known_family(folder: Path) -> None:
    """Raise `UnsupportedModelError` unless mlx-lm can run this kind of model."""
    family = read_json(folder / "config.json").get("model_type")
    if not isinstance(family, str) or not _known_to_mlx(family):
        raise UnsupportedModelError(f"{folder} holds a model of the type {family!r}, which mlx-lm does not know.")


def copy_model(folder: Path, target: Path, progress: Progress) -> None:
    """Bring the files that make up the model to `target`, as hard links where the file system allows."""
    files = [path for path in folder.iterdir() if path.is_file() and _belongs(path)]
    progress.start(f"copying {folder.name}", sum(path.stat().st_size for path in files))
    for path in files:
        try:
            os.link(path.resolve(), target / path.name)
        except OSError:
            shutil.copyfile(path, target / path.name)
        progress.advance(path.stat().st_size)
    progress.finish()


def _belongs(path: Path) -> bool:
    return path.suffix in _COPIED and path.name != MANIFEST


def _known_to_mlx(family: str) -> bool:
    from importlib.util import find_spec

    from mlx_lm.utils import MODEL_REMAPPING

    name: str = MODEL_REMAPPING.get(family, family)
    return name.isidentifier() and find_spec(f"mlx_lm.models.{name}") is not None


def _require_whole(shard: Path) -> None:
    """A safetensors file is as long as its header says."""
    size = shard.stat().st_size
    try:
        with shard.open("rb") as file:
            header_bytes = int.from_bytes(file.read(8), "little")
            if header_bytes > size:
                raise ValueError("its header is cut short")
            header: dict[str, Any] = json.loads(file.read(header_bytes))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise WeightsError(f"{shard} is not a safetensors file: {error}.") from error
    if 8 + header_bytes + max(ends, default=0) != size:
        raise WeightsError(f"{shard} is cut short or damaged.")
