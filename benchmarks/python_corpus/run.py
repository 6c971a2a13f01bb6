"""Small programs under CPython and under our sandbox, on equal workspaces. `make bench-python`.

A program passes where it prints the same (standard output and error in one), leaves the same files, and ends the same
way. The rest are listed by cause. Exit code 1 under 97 %. `--write` keeps what CPython did in expected.json, and
what is known not to pass, for the tests.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from punie_acp.codemode.events import Decision, ProgramLimits  # noqa: E402
from punie_acp.codemode.sandbox import Sandbox  # noqa: E402
from punie_acp.evaluation.corpus import changes as changes_between  # noqa: E402
from punie_acp.evaluation.corpus import files_of  # noqa: E402
from punie_acp.workspace.local import LocalWorkspace  # noqa: E402

if TYPE_CHECKING:
    from punie_acp.codemode.events import CallRequested, Event

TARGET = 0.97
LIMITS = ProgramLimits(seconds=10.0)


@dataclass(frozen=True, slots=True)
class Did:
    """What a program printed, and what it changed: path → digest, or None for what is gone."""

    output: str
    files: dict[str, str | None]
    error: str = ""  # how it ended, where that was not well


class Everything:
    """An observer that permits all and remembers nothing."""

    async def emit(self, event: Event) -> None:
        """Nothing to note."""

    async def permit(self, call: CallRequested) -> Decision:
        """Yes."""
        return Decision(allowed=True)


def programs() -> dict[str, str]:
    """Every program of the corpus by its name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / "programs").glob("*.py"))}


def changes(root: Path) -> dict[str, str | None]:
    """How `root` differs from the fixture."""
    return changes_between(files_of(HERE / "workspace"), files_of(root))


def copy_workspace(folder: str) -> Path:
    """A fresh copy of the fixture."""
    root = Path(folder).resolve() / "work"
    shutil.copytree(HERE / "workspace", root)
    return root


def by_cpython(code: str) -> Did:
    """Run it for real."""
    with tempfile.TemporaryDirectory() as folder:
        root, file = copy_workspace(folder), Path(folder) / "program.py"
        file.write_text(code, encoding="utf-8")
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        done = subprocess.run(
            [sys.executable, "-u", str(file)],
            cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False,
        )  # fmt: skip
        error = f"exit code {done.returncode}" if done.returncode else ""
        return Did(done.stdout.decode().replace(str(root), "<root>"), changes(root), error)


async def by_sandbox(code: str) -> Did:
    """Run it in a new session."""
    with tempfile.TemporaryDirectory() as folder:
        root = copy_workspace(folder)
        async with Sandbox(LocalWorkspace(root), LIMITS) as sandbox:
            outcome = await sandbox.run(code, program_id="b/1", observer=Everything())
        error = f"{outcome.error.message} (line {outcome.error.line})" if outcome.error else ""
        return Did(outcome.output.replace(str(root), "<root>"), changes(root), error)


def difference(ours: Did, theirs: Did) -> str:
    """Why a program does not pass, in a few words; nothing where it does."""
    if ours.error and not theirs.error:
        return ours.error.splitlines()[0][:150]
    if ours.output != theirs.output:
        pairs = zip(ours.output.splitlines() + [""] * 999, theirs.output.splitlines(), strict=False)
        first = next(((a, b) for a, b in pairs if a != b), (ours.output[-60:], theirs.output[-60:]))
        return f"prints {first[0][:90]!r}, not {first[1][:90]!r}"
    if ours.files != theirs.files:
        return f"other files: {sorted(set(ours.files.items()) ^ set(theirs.files.items()), key=str)[:3]}"
    return "ends well, where CPython fails" if theirs.error and not ours.error else ""


async def measure(corpus: dict[str, str]) -> tuple[dict[str, str], dict[str, Did], float]:
    """What is wrong with each program, what CPython did, and the seconds that ours took."""
    with ThreadPoolExecutor(2) as threads:
        theirs = dict(zip(corpus, threads.map(by_cpython, corpus.values()), strict=True))
    began = time.perf_counter()
    wrong = {name: difference(await by_sandbox(code), theirs[name]) for name, code in corpus.items()}
    return wrong, theirs, time.perf_counter() - began


def main() -> None:
    """Run, compare, list, judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="programs to run; all of them without")
    parser.add_argument("--write", action="store_true", help="keep what CPython did in expected.json")
    options = parser.parse_args()
    corpus = {name: code for name, code in programs().items() if not options.names or name in options.names}
    wrong, theirs, seconds = anyio.run(measure, corpus)
    if options.write:
        kept = {name: asdict(did) | {"gap": wrong[name]} for name, did in theirs.items()}
        (HERE / "expected.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    failed = {name: why for name, why in wrong.items() if why}
    for why, names in sorted(group(failed).items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{len(names):3}  {why}\n       {', '.join(names)}")
    share = 1 - len(failed) / len(corpus)
    written = Counter("the local model" if "# written by" in code else "hand" for code in corpus.values())
    print(f"{len(corpus)} programs ({', '.join(f'{n} by {who}' for who, n in written.items())}), {seconds:.1f} s")
    print(f"{len(corpus) - len(failed)} as under CPython: {share:.1%} (target {TARGET:.0%})")
    sys.exit(share < TARGET)


def group(failed: dict[str, str]) -> dict[str, list[str]]:
    """The programs of each cause."""
    causes: dict[str, list[str]] = {}
    for name, why in failed.items():
        causes.setdefault(why, []).append(name)
    return causes


if __name__ == "__main__":
    main()
