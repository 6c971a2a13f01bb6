"""Prefill and decode rates of our engine beside mlx_lm, on the installed 0.5B and 1.5B. `make bench-engine`.

Four arms, each run in a process of its own, on the same model folder and the same prompt (Python source):

ours     `MlxEngine`, as punie-acp runs it; tokens are timed where the event loop receives them
peer     `mlx_lm.stream_generate` on float32 weights and the BLAS that ours loads, with mlx_lm's defaults. Ours computes
         with the packed weights where its kernels can be compiled
stock    mlx_lm as `pip install mlx-lm[cpu]` gives it: its own BLAS, the folder loaded as it is. So slow that it gets
         a shorter prompt and answer and a time limit
stock32  the same with our float32 weights: what the BLAS alone makes of the difference

Ours and peer take turns, so that noise from the machine falls on both; the median of the rounds is shown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
STOCK_PROMPT, STOCK_DECODE, STOCK_SECONDS = 48, 6, 150.0
TARGETS = {"stock": 20.0, "stock32": 20.0, "peer": 0.95}


@dataclass(frozen=True, slots=True)
class Rates:
    """What one run of one arm reached."""

    prefill: float  # tokens a second, up to the first decoded token
    decode: float  # tokens a second, after the first; 0 where the time limit came before a second token
    resident: int  # bytes of the process after decoding


def prompt_tokens(path: Path, count: int) -> tuple[int, ...]:
    """The first `count` tokens of a real Python file."""
    from punie_acp.inference.tokenizer import load_tokenizer

    text = Path(argparse.__file__).read_text(encoding="utf-8")
    return load_tokenizer(path).encode(text)[:count]


def ours(path: Path, tokens: tuple[int, ...], count: int) -> Iterator[Rates]:
    """Our engine, over an event loop."""
    import anyio

    async def run() -> tuple[float, list[float]]:
        from punie_acp.inference.engine import MlxEngine
        from punie_acp.inference.types import GenerationRequest, TokenEvent

        engine = MlxEngine(path)
        await engine.load()
        for warm_up in (True, False):
            part = (tokens[:16], 2) if warm_up else (tokens, count)
            start, times = perf_counter(), list[float]()
            async with engine.generate(GenerationRequest(*part, stop_tokens=frozenset())) as events:
                async for event in events:
                    times += [perf_counter()] if isinstance(event, TokenEvent) else []
        return start, times

    yield rates(tokens, *anyio.run(run))


def peer(path: Path, tokens: tuple[int, ...], count: int) -> Iterator[Rates]:
    """mlx_lm's own loop on our weights and BLAS."""
    from punie_acp.inference.blas import load_fast_blas

    if warning := load_fast_blas().warning:
        raise SystemExit(warning)  # else it would be stock mlx_lm under another name
    from punie_acp.inference.loading import load_model

    yield from stream_generate(load_model(path, context_tokens=16384, packed=False).model, path, tokens, count)


def stock(path: Path, tokens: tuple[int, ...], count: int) -> Iterator[Rates]:
    """mlx_lm as it comes."""
    from mlx_lm.utils import load_model

    yield from stream_generate(load_model(path)[0], path, tokens, count)


def stock32(path: Path, tokens: tuple[int, ...], count: int) -> Iterator[Rates]:
    """mlx_lm's own BLAS on our weights."""
    from punie_acp.inference.loading import load_model

    yield from stream_generate(load_model(path, context_tokens=16384, packed=False).model, path, tokens, count)


def stream_generate(model, path: Path, tokens: tuple[int, ...], count: int) -> Iterator[Rates]:  # noqa: ANN001
    """Rates after every token, so that a run which is stopped has said how far it came."""
    import mlx_lm
    from mlx_lm.utils import load_tokenizer

    tokenizer = load_tokenizer(path)
    tokenizer.eos_token_ids = set()
    for _ in mlx_lm.stream_generate(model, tokenizer, list(tokens[:16]), max_tokens=2):
        pass
    start, times = perf_counter(), list[float]()
    for _ in mlx_lm.stream_generate(model, tokenizer, list(tokens), max_tokens=count):
        times.append(perf_counter())
        yield rates(tokens, start, times)


def rates(tokens: tuple[int, ...], start: float, times: list[float]) -> Rates:
    """From when the request began, and when each token arrived."""
    import psutil

    decode = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0
    return Rates(len(tokens) / (times[0] - start), decode, psutil.Process().memory_info().rss)


ARMS = {"ours": ours, "peer": peer, "stock": stock, "stock32": stock32}


def run_child(arm: str, path: Path, prompt: int, decode: int, seconds: float = 900.0) -> Rates | None:
    """One run in a process of its own; None where not even the first token came within `seconds`."""
    command = [sys.executable, __file__, "--arm", arm, "--path", str(path), "--prompt", str(prompt)]
    try:
        child = subprocess.run(
            [*command, "--decode", str(decode)], cwd=ROOT, stdout=subprocess.PIPE, timeout=seconds, check=True
        )
        lines = child.stdout.splitlines()
    except subprocess.TimeoutExpired as stopped:
        lines = (stopped.stdout or b"").splitlines()
    return Rates(**json.loads(lines[-1])) if lines else None


def combine(runs: Iterable[Rates | None]) -> Rates | None:
    """The median of each figure."""
    whole = [run for run in runs if run]
    if not whole:
        return None
    return Rates(
        median(run.prefill for run in whole),
        median(run.decode for run in whole),
        int(median(run.resident for run in whole)),
    )


def measure(path: Path, prompt: int, decode: int, rounds: int) -> dict[str, Rates | None]:
    """All arms on one model; ours and peer take turns, and who goes first changes every round."""
    runs: dict[str, list[Rates | None]] = {"ours": [], "peer": []}
    for number in range(rounds):
        for arm in ("ours", "peer") if number % 2 == 0 else ("peer", "ours"):
            runs[arm].append(run_child(arm, path, prompt, decode))
    slow = {arm: run_child(arm, path, STOCK_PROMPT, STOCK_DECODE, STOCK_SECONDS) for arm in ("stock", "stock32")}
    return {arm: combine(of_arm) for arm, of_arm in runs.items()} | slow


def table(name: str, results: dict[str, Rates | None]) -> str:
    """One line an arm; the ratio is ours over it, beside the target."""
    own = results["ours"]
    lines = [f"{name:<20} {'prefill tok/s':>14} {'decode tok/s':>14} {'resident GB':>12}   ours ÷ it (prefill, decode)"]
    for arm, run in results.items():
        if run is None or own is None:
            lines.append(f"  {arm:<18} no token within the time limit")
            continue
        line = f"  {arm:<18} {run.prefill:14.2f} {run.decode:14.2f} {run.resident / 1e9:12.2f}"
        if arm in TARGETS and run.decode:
            line += f"   {own.prefill / run.prefill:.2f}, {own.decode / run.decode:.2f}  (target {TARGETS[arm]})"
        lines.append(line)
    return "\n".join(lines)


def machine() -> str:
    """What the figures belong to."""
    import platform

    import psutil

    from punie_acp.inference.blas import load_fast_blas

    blas = load_fast_blas()
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.partition(": ")[2] for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0] if names else cpu
    memory = psutil.virtual_memory().total / 1e9
    return f"{cpu}, {psutil.cpu_count(logical=False)} cores, {memory:.0f} GB, {platform.system()}; BLAS: {blas.name}"


def main() -> None:
    """Run as one arm (`--arm`), or run them all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--arm", choices=ARMS)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--decode", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.arm:
        for run in ARMS[options.arm](options.path, prompt_tokens(options.path, options.prompt), options.decode):
            print(json.dumps({"prefill": run.prefill, "decode": run.decode, "resident": run.resident}), flush=True)
        return
    from punie_acp.settings import load_settings
    from punie_acp.weights.store import ModelStore

    print(machine())
    print(f"prompt {options.prompt} tokens, answer {options.decode}; stock: {STOCK_PROMPT} and {STOCK_DECODE}\n")
    store = ModelStore(load_settings().models_dir)
    for name in options.models:
        installed = store.find(name)
        if installed is None:
            print(f"{name} is not installed; type: punie-acp models pull {name}")
            continue
        print(table(name, measure(installed.path, options.prompt, options.decode, options.rounds)), flush=True)


if __name__ == "__main__":
    main()
