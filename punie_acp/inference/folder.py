"""What the files of a model folder say before anything is loaded: its configuration, and the size of its tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, cast

from punie_acp.inference.types import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_AGAIN = "import or download the model again"
_ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2}


def read_json(file: Path) -> dict[str, Any]:
    """The object in `file`, empty where there is no such file. Raises `EngineError` for what is not an object."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EngineError(f"{file} cannot be read ({error}); {_AGAIN}.") from error
    if not isinstance(value, dict):
        raise EngineError(f"{file} does not hold a JSON object; {_AGAIN}.")
    return cast("dict[str, Any]", value)


def read_config(path: Path) -> dict[str, Any]:
    """The model's config.json. Raises `EngineError` where `path` is not a model folder."""
    if not path.is_dir():
        raise EngineError(f"There is no model at {path}; download one with `punie-acp models pull`.")
    config = read_json(path / "config.json")
    if not isinstance(config.get("model_type"), str):
        raise EngineError(f"{path} is not an MLX model folder: its config.json names no model_type; {_AGAIN}.")
    return config


def stop_ids(path: Path) -> frozenset[int]:
    """The ids that end an answer, from config.json and generation_config.json: models differ in which says so."""
    stated = [read_json(path / name).get("eos_token_id") for name in ("generation_config.json", "config.json")]
    lists = [cast("list[object]", ids) if isinstance(ids, list) else [ids] for ids in stated]
    return frozenset(token for ids in lists for token in ids if isinstance(token, int))


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor in a safetensors file, as its header describes it."""

    name: str
    shape: tuple[int, ...]
    item_bytes: int

    @property
    def size(self) -> int:
        """Elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes on disk, and in memory where nothing is expanded."""
        return self.size * self.item_bytes


def read_tensors(path: Path) -> dict[str, TensorInfo]:
    """Every tensor of the folder by name, from the headers alone. Raises `EngineError` where there are none."""
    tensors = {tensor.name: tensor for file in sorted(path.glob("model*.safetensors")) for tensor in _header(file)}
    if not tensors:
        raise EngineError(f"{path} holds no weights (model*.safetensors); {_AGAIN}.")
    return tensors


def _header(file: Path) -> Iterator[TensorInfo]:
    """The format: eight bytes of length, then a JSON header (huggingface/safetensors, README)."""
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > 100_000_000:  # the format's own limit
                raise ValueError(f"a header of {length} bytes")
            header: Mapping[str, Any] = json.loads(stream.read(length))
        header = {name: entry for name, entry in header.items() if name != "__metadata__"}
        for name, entry in header.items():
            yield TensorInfo(name, tuple(entry["shape"]), _ITEM_BYTES.get(entry["dtype"], 1))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{file} is damaged ({error}); {_AGAIN}.") from error
