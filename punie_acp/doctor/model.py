"""Checks of the chosen model: whether it is there and whole, fits into memory, and is tokenized as it was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punie_acp.doctor.findings import Finding, failure, ok, warning
from punie_acp.doctor.mlx import MlxBrokenError, require_mlx

if TYPE_CHECKING:
    from punie_acp.inference.tokenizer import ChatTokenizer
    from punie_acp.settings import Settings
    from punie_acp.weights.store import InstalledModel

# The ids that Qwen publishes for Qwen2.5 and Qwen3 (tokenizer_config.json, added_tokens_decoder).
QWEN_TOKENS = {"<|im_start|>": 151644, "<|im_end|>": 151645, "<tool_call>": 151657}
SAMPLE = "Wie viele TODOs? ¿Cuántos?\n\tdef f(x): return x  # 日本 🙂"
REIMPORT = "Remove the model and install it again: punie-acp models remove NAME, then punie-acp models pull NAME"
ROOM_TO_WORK = 300_000_000  # bytes: Python, MLX, and the activations of a step


def check_model(settings: Settings) -> list[Finding]:
    """The model that a session would use, and the checksums of its files."""
    if is_remote(settings):
        return [ok("model", f"{settings.model} runs elsewhere; nothing to check here")]
    from punie_acp.weights.errors import ModelMissingError, WeightsError
    from punie_acp.weights.store import ModelStore

    store = ModelStore(settings.models_dir)
    try:
        model = _resolve(settings)
        problems = store.verify(model.name) if model.path.parent == settings.models_dir else []
    except ModelMissingError as error:
        return [failure("model", *_split_remedy(str(error)))]
    except (WeightsError, MlxBrokenError) as error:
        return [failure("model", str(error), "See: punie-acp models")]
    if problems:
        return [failure("model", f"{model.name}: {'; '.join(problems)}", REIMPORT.replace("NAME", model.name))]
    text = f"{model.name}, {model.bytes_on_disk / 1e9:.1f} GB in {model.path}, checksums right"
    return [ok("model", text, bytes_on_disk=model.bytes_on_disk, path=model.path)]


def check_memory(settings: Settings) -> list[Finding]:
    """Whether weights and a full context fit into this machine, and into what is free of it now."""
    model = _model_or_none(settings)
    if model is None:
        return []
    from punie_acp.inference.compiled import available_kernels
    from punie_acp.inference.folder import read_config
    from punie_acp.inference.memory import available_bytes, kv_bytes_per_token, weight_bytes
    from punie_acp.weights.catalogue import detect_device, machine_memory

    device, config = detect_device(), read_config(model.path)
    context = min(settings.context_tokens, model.context_tokens)
    on_cpu = device == "cpu"
    needed = weight_bytes(model.path, config, expand=on_cpu, packed=on_cpu and available_kernels() is not None)
    needed += ROOM_TO_WORK
    needed += kv_bytes_per_token(config, 4 if on_cpu else 2) * context
    free, total = available_bytes(device), machine_memory(device)
    text = f"{model.name} needs {_gb(needed)} with {context} tokens of context; {_gb(free)} of {_gb(total)} are free"
    facts = {"needed_bytes": needed, "free_bytes": free, "total_bytes": total}
    smaller = "Choose a smaller model: punie-acp models"
    if needed > total:
        return [failure("memory", text, smaller, **facts)]
    if needed > free:
        return [warning("memory", text, f"Close other programs. {smaller}", **facts)]
    return [ok("memory", text, **facts)]


def check_tokenizer(settings: Settings) -> list[Finding]:
    """Whether a small conversation becomes the ids that the model was trained on, and the same text again."""
    model = _model_or_none(settings)
    if model is None:
        return []
    from punie_acp.inference.tokenizer import load_tokenizer

    tokenizer = load_tokenizer(model.path)
    prompt = tokenizer.render([{"role": "user", "content": SAMPLE}])
    ids = tokenizer.encode(prompt)
    problems = _qwen_problems(tokenizer, ids) if "<|im_start|>" in prompt else []
    if tokenizer.decode(ids) != prompt:
        problems.append("text does not come back as it went in")
    if not tokenizer.eos_tokens:
        problems.append("no token ends an answer")
    if problems:
        return [failure("tokenizer", f"{model.name}: {'; '.join(problems)}", REIMPORT.replace("NAME", model.name))]
    return [ok("tokenizer", f"the chat template encodes to {len(ids)} tokens and back", tokens=len(ids))]


def is_remote(settings: Settings) -> bool:
    """Whether the model is a pydantic-ai name ("openai:…", "import:…") and not one of our folders."""
    return ":" in settings.model


def _qwen_problems(tokenizer: ChatTokenizer, ids: tuple[int, ...]) -> list[str]:
    wrong = {token: tokenizer.encode(token) for token, id_ in QWEN_TOKENS.items() if tokenizer.encode(token) != (id_,)}
    problems = [f"{token} is {list(got)} instead of [{QWEN_TOKENS[token]}]" for token, got in wrong.items()]
    starts = ids.count(QWEN_TOKENS["<|im_start|>"])
    return problems + (["the chat template marks no turns"] if not wrong and starts < 2 else [])


def _resolve(settings: Settings) -> InstalledModel:
    from punie_acp.weights.store import ModelStore

    require_mlx()  # "auto" asks MLX for the device
    return ModelStore(settings.models_dir).resolve(settings.model)


def _model_or_none(settings: Settings) -> InstalledModel | None:
    """The chosen model, or None where `check_model` has said already why there is none."""
    from punie_acp.weights.errors import WeightsError

    if is_remote(settings):
        return None
    try:
        return _resolve(settings)
    except (WeightsError, MlxBrokenError):
        return None


def _split_remedy(message: str) -> tuple[str, str]:
    """`ModelMissingError`'s sentence ends with "; type: …"."""
    text, separator, command = message.partition("; type: ")
    return text, f"Type: {command}" if separator else "Type: punie-acp models pull"


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
