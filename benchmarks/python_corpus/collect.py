"""Ask the local model for programs, and keep those that CPython runs without an error. Run by hand, seldom.

Each kept program begins with `# written by <model>` and its task. What it prints must not change from run to run; one
whose output hangs on the order in which a folder is listed has to be taken out by hand.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ASKED = (
    "You write one short Python script that uses only the standard library. "
    "The working directory is the project. Answer with the script in one ```python block and nothing else."
)


def ask(path: Path, tasks: list[str], temperature: float, seconds: float) -> dict[str, str]:
    """What the model at `path` writes for each task, as far as the time allows."""
    import anyio
    from punie_acp.inference.engine import MlxEngine
    from punie_acp.inference.loading import load_tokenizer
    from punie_acp.inference.types import GenerationRequest, TokenEvent

    tokenizer = load_tokenizer(path)
    stop = frozenset(one for one in map(tokenizer.token_id, ("<|im_end|>", "<|endoftext|>")) if one is not None)
    ends = time.monotonic() + seconds

    async def run() -> dict[str, str]:
        engine = MlxEngine(path)
        answers: dict[str, str] = {}
        for seed, task in enumerate(tasks):
            if time.monotonic() > ends:
                break
            prompt = (
                f"<|im_start|>system\n{ASKED}<|im_end|>\n<|im_start|>user\n{task}<|im_end|>\n<|im_start|>assistant\n"
            )
            request = GenerationRequest(
                tokenizer.encode(prompt), 400, temperature, 0.95, seed, stop_tokens=stop, cache_key="collect"
            )
            async with engine.generate(request) as events:
                tokens = [event.token async for event in events if isinstance(event, TokenEvent)]
            answers[task] = tokenizer.decode(tokens)
            print(f"{len(tokens):4} tokens  {task}", flush=True)
        await engine.close()
        return answers

    return anyio.run(run)


def program_in(answer: str) -> str:
    """The program of an answer: what stands in its fence, or all of it."""
    fenced = re.search(r"```(?:python)?\n(.*?)(?:```|\Z)", answer, re.DOTALL)
    return (fenced[1] if fenced else answer).strip() + "\n"


def runs_twice_the_same(program: str) -> bool:
    """Whether CPython runs it without an error, and it prints the same both times."""
    outputs: list[str] = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            shutil.copytree(HERE / "workspace", work)
            try:
                done = subprocess.run(
                    [sys.executable, "-c", program], cwd=work, capture_output=True, text=True, timeout=10, check=False
                )
            except subprocess.TimeoutExpired:
                return False
        if done.returncode or not done.stdout.strip():
            return False
        outputs.append(done.stdout)
    return outputs[0] == outputs[1]


def main() -> None:
    """Ask, try, keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="qwen2.5-coder-0.5b")
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--skip", type=int, default=0, help="tasks to leave out at the beginning")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE.parents[1]))
    from punie_acp.settings import load_settings
    from punie_acp.weights.store import ModelStore

    installed = ModelStore(load_settings().models_dir).find(options.model)
    if installed is None:
        sys.exit(f"{options.model} is not installed; type: punie-acp models pull {options.model}")
    tasks = (HERE / "tasks.txt").read_text(encoding="utf-8").splitlines()[options.skip :]
    short = options.model.rpartition("-")[2].replace(".", "")
    for task, answer in ask(installed.path, tasks, options.temperature, options.seconds).items():
        program = program_in(answer)
        if runs_twice_the_same(program):
            words = "_".join(re.findall(r"[a-z]+", task.lower())[:5])
            name = f"model_{short}_{words}" + (
                f"_t{options.temperature:g}".replace(".", "") if options.temperature else ""
            )
            header = f"# written by {options.model}\n# task: {task}\n"
            (HERE / "programs" / f"{name}.py").write_text(header + program, encoding="utf-8")
            print(f"kept {name}", flush=True)


if __name__ == "__main__":
    main()
