"""Will the model fit? Asked before loading, because afterwards the answer is the kernel's OOM killer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from punie_acp.inference.compiled import PACKED_BITS
from punie_acp.inference.folder import TensorInfo, read_tensors
from punie_acp.inference.types import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punie_acp.inference.types import Device

_WORKING_BYTES = 300_000_000  # Python, MLX and the activations of a prefill step


def check_memory(
    path: Path, config: Mapping[str, Any], device: Device, context_tokens: int, *, packed: bool = False
) -> None:
    """Raises `EngineError` where the weights and one full context do not fit into what is free now."""
    needed = weight_bytes(path, config, expand=device == "cpu", packed=packed)
    needed += kv_bytes_per_token(config, 4 if device == "cpu" else 2) * context_tokens + _WORKING_BYTES
    free = available_bytes(device)
    if needed > free:
        raise EngineError(
            f"{path.name} needs {_gigabytes(needed)} of memory and {_gigabytes(free)} are free; "
            "close other programs or choose a smaller model: `punie-acp models` lists them with what they need."
        )


def weight_bytes(path: Path, config: Mapping[str, Any], *, expand: bool, packed: bool = False) -> int:
    """Bytes of the weights in memory: as on disk, or expanded to float32 but for what `packed` keeps."""
    tensors = read_tensors(path)
    if not expand:
        return sum(tensor.nbytes for tensor in tensors.values())
    layers = {name.removesuffix(".scales") for name in tensors if name.endswith(".scales")}
    plain = [tensor for name, tensor in tensors.items() if name.rpartition(".")[0] not in layers or _is_bias(name)]
    own_output = "lm_head.weight" in tensors
    return 4 * sum(tensor.size for tensor in plain) + sum(
        _layer_bytes(layer, tensors, _quantization(layer, config), packed=packed, own_output=own_output)
        for layer in layers
    )


def _is_bias(name: str) -> bool:
    return name.endswith(".bias")


def _layer_bytes(
    layer: str, tensors: Mapping[str, TensorInfo], quantization: tuple[int, int], *, packed: bool, own_output: bool
) -> int:
    """Bytes of one quantised layer in memory, as `loading` settles it on a CPU."""
    weight, scales = tensors[f"{layer}.weight"], tensors[f"{layer}.scales"]
    biases = tensors.get(f"{layer}.biases")
    group_size, bits = quantization
    factors = scales.size + (biases.size if biases else 0)
    expanded = 4 * scales.size * group_size
    known = packed and bits in PACKED_BITS and group_size % 32 == 0 and biases is not None and len(weight.shape) == 2
    if layer == "model.embed_tokens" and own_output:  # only looked up
        return weight.nbytes + 4 * factors
    return weight.nbytes + 2 * factors if known else expanded


def kv_bytes_per_token(config: Mapping[str, Any], item_bytes: int) -> int:
    """Bytes of keys and values that one token adds to a cache; 0 for a configuration that does not say."""
    heads = int(config.get("num_attention_heads") or 0)
    kv_heads = int(config.get("num_key_value_heads") or heads)
    head_dim = int(config.get("head_dim") or (int(config.get("hidden_size") or 0) // heads if heads else 0))
    return 2 * int(config.get("num_hidden_layers") or 0) * kv_heads * head_dim * item_bytes


def available_bytes(device: Device) -> int:
    """Memory that can be had now without swapping: the machine's, the container's, or the GPU's own on CUDA."""
    import psutil

    if device == "cuda":
        return _cuda_bytes()
    free = int(psutil.virtual_memory().available)
    return min(free, *left) if (left := _cgroup_bytes()) else free


def _quantization(layer: str, config: Mapping[str, Any]) -> tuple[int, int]:
    """Group size and bits of a layer: its own, or those of the whole model."""
    whole = cast("Mapping[str, Any]", config.get("quantization") or {})
    own = whole.get(layer)
    stated = cast("Mapping[str, Any]", own) if isinstance(own, dict) else whole
    return int(stated.get("group_size", 64)), int(stated.get("bits", 4))


def _cgroup_bytes() -> list[int]:
    """What this container may still take, where it has a limit (cgroup v2); its file cache counts as free."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = int((folder / "memory.max").read_text(encoding="ascii"))
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):  # no cgroup v2, or "max"
        return []
    return [limit - used + int(stat.get("inactive_file", 0)) + int(stat.get("active_file", 0))]


def _cuda_bytes() -> int:
    import mlx.core as mx

    facts = cast("dict[str, Any]", mx.device_info())
    return int(facts.get("free_memory") or facts.get("total_memory") or facts.get("memory_size") or 1 << 62)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
