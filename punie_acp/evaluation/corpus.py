"""The corpus of ordinary Python as a suite: each program is to be run as it stands, and has to do what CPython does.

It lies in the repository, beside the package: `benchmarks/python_corpus/`, with programs, the project that they work
on, and what CPython printed and left of each.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_acp.evaluation.checks import folded
from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.facts import suite_hash
from punie_acp.evaluation.tasks import Check, CheckResult, Task

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from punie_acp.evaluation.suite import PreparedTask
    from punie_acp.protocol.errors import JsonValue

FOLDER = Path(__file__).parent.parent.parent / "benchmarks" / "python_corpus"
PROMPT = (
    "Run this Python program in the project as it stands, without changing anything in it. "
    "Then answer with the last line that it prints, and with nothing else.\n\n```python\n{code}\n```"
)
ROOT = "<root>"
"""What stands in the expected output for the folder of the run: lines with it are different each time."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The suite. Other programs, or another project, have another fingerprint."""

    folder: Path
    tasks: tuple[Task, ...]
    expected: Mapping[str, Any]
    fingerprint: str

    @property
    def settings(self) -> Mapping[str, str]:
        """As they are."""
        return {}

    @contextmanager
    def prepare(self, task: Task, folder: Path) -> Generator[PreparedTask]:
        """A fresh copy of the project."""
        workspace = Path(shutil.copytree(self.folder / "workspace", folder / "work"))
        yield _Prepared(task, workspace, files_of(self.folder / "workspace"), self.expected[task.id]["files"])


def open_corpus(folder: Path | None) -> Corpus:
    """The suite of the corpus in `folder`, or in this package's repository. Raises `EvaluationError` without one."""
    folder = folder or FOLDER
    try:
        expected = json.loads((folder / "expected.json").read_text("utf-8"))
        tasks = [
            _task(name, (folder / "programs" / f"{name}.py").read_text("utf-8"), expected[name]) for name in expected
        ]
    except (OSError, ValueError) as error:
        raise EvaluationError(
            f"{folder} is no corpus of programs ({error}). It is benchmarks/python_corpus in a clone of punie-acp: "
            "say where with --checkout"
        ) from error
    told = tuple(task for task in tasks if task is not None)
    return Corpus(folder, told, expected, suite_hash(map(asdict, told), [folder / "workspace"]))


def _task(name: str, code: str, expected: Mapping[str, Any]) -> Task | None:
    """None where CPython fails, or prints nothing that is the same each time."""
    printed = [line for line in expected["output"].splitlines() if line.strip()]
    if expected["error"] or not printed or ROOT in printed[-1]:
        return None
    checks = (Check("answer_has", (printed[-1].strip(),)), Check("official", "the files as CPython leaves them"))
    return Task(name, "corpus", "dev", "single", PROMPT.format(code=code.rstrip()), checks, program=code)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A program on a copy of the project."""

    task: Task
    cwd: Path
    before: Mapping[str, str]
    changes: Mapping[str, str | None]
    mcp_servers: Sequence[Mapping[str, JsonValue]] = ()

    def follow_up(self, answer: str, requests: int) -> str | None:
        """One prompt is all."""
        del answer, requests

    def check(self, answer: str) -> tuple[CheckResult, ...]:
        """The last line, and the files."""
        said, files = self.task.checks
        changed = changes(self.before, files_of(self.cwd))
        other = sorted(
            path for path in {*changed, *self.changes} if changed.get(path, "") != self.changes.get(path, "")
        )
        line = said.texts[0]
        has_it = folded(line) in folded(answer)
        return (
            CheckResult(said, has_it, "" if has_it else f"the answer lacks {line!r}"),
            CheckResult(files, not other, f"not as CPython leaves them: {', '.join(other)}" if other else ""),
        )


def files_of(root: Path) -> dict[str, str]:
    """Every file below `root` with its digest, and every folder, as the corpus has them."""
    found = [path for path in root.rglob("*") if "__pycache__" not in path.parts]
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else "/"
        for path in found
    }


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """How two `files_of` differ: the digest of what is new or other, None for what is gone."""
    gone: dict[str, str | None] = {path: None for path in before if path not in after}
    return gone | {path: digest for path, digest in after.items() if before.get(path) != digest}
