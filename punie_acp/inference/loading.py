"""A model folder becomes a model in memory, in the form that the device computes fastest with.

Metal and CUDA compute with quantised weights as they are. The CPU back end has no fast quantised kernels, so there
everything is expanded to float32 (the one type that a BLAS multiplies) layer by layer, freeing what was expanded. Where
our own kernels run, the layers that they know stay packed (`packed.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from punie_acp.inference.compiled import available_kernels
from punie_acp.inference.expand import expanded
from punie_acp.inference.folder import read_config, stop_ids
from punie_acp.inference.memory import check_memory
from punie_acp.inference.tokenizer import load_tokenizer
from punie_acp.inference.types import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import mlx.core as mx
    from mlx import nn

    from punie_acp.inference.compiled import Kernels
    from punie_acp.inference.decoder import Decoder
    from punie_acp.inference.types import Device

__all__ = ["LoadedModel", "compute_device", "load_model", "load_tokenizer"]

# 1.6k tokens of prompt on two cores: 111 tokens/s at 256, 80 at mlx_lm's 2048; it also bounds how long a cancel takes.
_PREFILL_STEP: Mapping[Device, int] = {"cpu": 256, "metal": 2048, "cuda": 2048}


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory. It belongs to the thread that loaded it."""

    model: nn.Module  # mlx_lm's: (batch, time) of ids → (batch, time, vocabulary) of logits
    device: Device
    prefill_step: int  # tokens
    context_tokens: int  # the smaller of what was asked for and what the model was trained on
    eos_tokens: frozenset[int]
    vocabulary: int  # rows of the output layer
    resident_bytes: int
    packed: bool  # our kernels compute with packed weights
    decoder: Decoder | None = None  # decodes token after token faster than `model` does, where it knows its kind


class LoadingStoppedError(Exception):
    """`should_stop` said so."""


def compute_device() -> Device:
    """Where MLX computes in this process."""
    import mlx.core as mx

    if mx.default_device().type != mx.gpu:
        return "cpu"
    return "metal" if mx.metal.is_available() else "cuda"


def load_model(
    path: Path, *, context_tokens: int, packed: bool = True, should_stop: Callable[[], bool] = lambda: False
) -> LoadedModel:
    """Load the MLX folder at `path`. `should_stop` is asked between layers; where it says yes, LoadingStoppedError.

    Without `packed` a CPU gets float32 weights, as where our kernels cannot run.

    Raises `EngineError` where there is no such model, it is of an unknown kind, damaged, or too big for this machine.
    """
    config = read_config(path)
    device = compute_device()
    context = min(context_tokens, int(config.get("max_position_embeddings") or context_tokens))
    kernels = available_kernels() if packed and device == "cpu" else None
    check_memory(path, config, device, context, packed=kernels is not None)
    model = _read(path)
    _settle(model, device, kernels, should_stop)
    return LoadedModel(
        model=model,
        device=device,
        prefill_step=_PREFILL_STEP[device],
        context_tokens=context,
        eos_tokens=stop_ids(path),
        vocabulary=int(config["vocab_size"]),
        resident_bytes=_nbytes(model),
        packed=kernels is not None,
        decoder=_decoder(model, kernels) if kernels else None,
    )


def _decoder(model: nn.Module, kernels: Kernels) -> Decoder | None:
    from punie_acp.inference.decoder import decoder_of  # which imports MLX; a BLAS has to be loaded before that

    return decoder_of(model, kernels)


def _read(path: Path) -> nn.Module:
    """mlx_lm's own reading, lazily: nothing but the headers is in memory yet."""
    from mlx_lm import utils

    try:
        model: nn.Module = utils.load_model(path, lazy=True)[0]
    except ValueError as error:
        raise EngineError(f"{path.name} cannot be loaded: {_in_short(error)}") from error
    except (KeyError, TypeError, RuntimeError, OSError) as error:
        raise EngineError(f"{path.name} is damaged ({error}); import or download the model again.") from error
    return model


def _in_short(error: ValueError) -> str:
    """One sentence: of weights that do not fit the configuration, mlx names each, a line a tensor."""
    first, *names = str(error).strip().splitlines()
    return f"{first.rstrip(' :')}, such as {names[0].rstrip(',.')}." if names else first


def _settle(model: nn.Module, device: Device, kernels: Kernels | None, should_stop: Callable[[], bool]) -> None:
    """Bring the weights into memory one layer at a time, on the CPU as float32, so that the peak is the final size."""
    import mlx.core as mx

    modules = cast("list[tuple[str, nn.Module]]", model.named_modules())
    while modules:  # taken off the list, which would otherwise keep the packed weights alive
        name, layer = modules.pop()
        if should_stop():
            raise LoadingStoppedError(name)
        if device == "cpu" and not _only_looked_up(model, layer):
            plain = _for_cpu(name, layer, kernels)
            if plain is not None:  # a module without parameters of its own is an empty dict, and so false
                _replace(model, name, plain)
                layer = plain
        _settle_own_parameters(layer, device)
    mx.eval(model.parameters())
    mx.clear_cache()


def _settle_own_parameters(layer: nn.Module, device: Device) -> None:
    import mlx.core as mx

    own: dict[str, object] = dict(layer)
    for name, array in own.items():
        if not isinstance(array, mx.array):
            continue
        if device == "cpu" and mx.issubdtype(array.dtype, mx.floating):
            layer[name] = array = array.astype(mx.float32)  # noqa: PLW2901
        mx.eval(array)


def _only_looked_up(model: nn.Module, layer: nn.Module) -> bool:
    """An embedding beside an output layer of its own: the few rows of a prompt are expanded as they are looked up."""
    from mlx import nn

    return isinstance(layer, nn.QuantizedEmbedding) and "lm_head" in model and layer.mode == "affine"


def _for_cpu(name: str, layer: nn.Module, kernels: Kernels | None) -> nn.Module | None:
    """What takes the place of a quantised layer; None where `layer` is not one. An embedding here is tied."""
    from mlx import nn

    from punie_acp.inference.packed import PackedEmbedding, PackedLinear, can_pack, packed_feed_forward

    if (whole := packed_feed_forward(layer)) is not None:
        return whole
    if kernels is None or not can_pack(layer):
        return _expanded(layer)
    if isinstance(layer, nn.QuantizedEmbedding):
        return PackedEmbedding(layer, kernels)
    return PackedLinear(layer, kernels, is_output=name == "lm_head")


def _expanded(layer: nn.Module) -> nn.Module | None:
    """The float32 layer that a quantised one stands for; None where `layer` is not quantised."""
    from mlx import nn
    from mlx_lm.models.switch_layers import QuantizedSwitchLinear, SwitchLinear

    plain: nn.Module
    if isinstance(layer, nn.QuantizedLinear):
        plain = nn.Linear(1, 1, bias=False)
    elif isinstance(layer, nn.QuantizedEmbedding):
        plain = nn.Embedding(1, 1)
    elif isinstance(layer, QuantizedSwitchLinear):
        plain = SwitchLinear(1, 1, 1, bias=False)
    else:
        return None
    plain.weight = expanded(layer)
    if "bias" in layer:
        plain.bias = layer["bias"]
    return plain


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    from mlx.utils import tree_unflatten

    model.update_modules(tree_unflatten([(name, layer)]))


def _nbytes(model: nn.Module) -> int:
    from mlx import utils

    from punie_acp.inference.packed import PackedEmbedding, PackedFeedForward, PackedLinear

    leaves = cast("list[tuple[str, mx.array]]", utils.tree_flatten(model.parameters()))
    modules = cast("list[nn.Module]", model.modules())
    layers = [layer for layer in modules if isinstance(layer, PackedEmbedding | PackedFeedForward | PackedLinear)]
    return sum(array.nbytes for _, array in leaves) + sum(layer.packed_bytes for layer in layers)
