"""BFCL, the Berkeley Function-Calling Leaderboard (https://gorilla.cs.berkeley.edu/leaderboard.html), from its package.

Taken are the tasks of many calls: `parallel` and `parallel_multiple`, whose functions exist as schemas only, and those
of `multi_turn_base` that work on its GorillaFileSystem alone. An MCP server over stdio gives each task's functions to
the agent, and records the calls that arrive. The package's own checks judge these, never what is said.
"""

from __future__ import annotations

import importlib.util
import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from punie_acp.evaluation.environment import Environment
from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.facts import suite_hash
from punie_acp.evaluation.outside.bfcl_child import MULTI_TURN
from punie_acp.evaluation.outside.children import SETTINGS, ask, named, server
from punie_acp.evaluation.tasks import Check, CheckResult, Task

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from punie_acp.evaluation.suite import PreparedTask
    from punie_acp.protocol.errors import JsonValue

CHILD = Path(__file__).with_name("bfcl_child.py")
PACKAGE = Environment("bfcl-eval", ("bfcl-eval==2026.3.23",), dependencies=False)
"""Its data and its checks need nothing else; its clients of a dozen providers, which nobody calls here, would."""
PROMPT = (
    "{question}\n\nDo this with these functions: {functions}. "
    "Call one for each thing that is asked for, each once, with the arguments that the request gives."
)
FOLLOWING = "Go on with the same functions: {question}"


@dataclass(frozen=True, slots=True)
class Bfcl:
    """The suite. Other tasks, or other checks, have another fingerprint."""

    package: Path  # the folder that `bfcl_eval/` is in
    tasks: tuple[Task, ...]
    questions: Mapping[str, Sequence[str]]  # of each task, a turn each
    fingerprint: str

    @property
    def settings(self) -> Mapping[str, str]:
        """So that each task has its functions."""
        return SETTINGS

    @contextmanager
    def prepare(self, task: Task, folder: Path) -> Generator[PreparedTask]:
        """An empty folder, and the task's functions."""
        workspace = folder / "workspace"
        workspace.mkdir()
        yield _Prepared(self.package, task, workspace, folder / "calls.jsonl", list(self.questions[task.id][1:]))


def open_bfcl(folder: Path | None) -> Bfcl:
    """The suite of the package in `folder`, or of the one installed here, or of one that is installed for it.

    Raises `EvaluationError` where there is none and none can be had.
    """
    package = _package(folder)
    described = cast("list[dict[str, Any]]", ask(CHILD, "list", package, name="bfcl-eval"))
    tasks = tuple(map(_task, described))
    questions = {one["name"]: one["questions"] for one in described}
    checks = [package / "bfcl_eval" / "eval_checker" / name for name in ("ast_eval", "multi_turn_eval")]
    return Bfcl(package, tasks, questions, suite_hash([*map(asdict, tasks), questions], checks))


def _package(folder: Path | None) -> Path:
    if folder is not None:
        if not (folder / "bfcl_eval" / "data").is_dir():
            raise EvaluationError(f"{folder} has no package bfcl_eval: --checkout is the folder that it is in")
        return folder.resolve()
    found = importlib.util.find_spec("bfcl_eval")
    if found is not None and found.submodule_search_locations:
        return Path(found.submodule_search_locations[0]).parent
    code = "import importlib.util; print(importlib.util.find_spec('bfcl_eval').submodule_search_locations[0])"
    return Path(PACKAGE.ask(PACKAGE.python(), code)).parent


def _task(described: dict[str, Any]) -> Task:
    category = described["category"]
    return Task(
        id=described["name"],
        project=category,
        split="test",  # nobody should tune anything on it
        category="edit" if category == MULTI_TURN else "read",
        prompt=PROMPT.format(question=described["questions"][0], functions=named(described["functions"])),
        checks=(Check("official", described["truth"]),),
    )


@dataclass(slots=True)
class _Prepared:
    """A task with its functions, and how many calls each turn has made."""

    package: Path
    task: Task
    cwd: Path
    record: Path
    questions: list[str]  # that are still to be asked
    ends: list[int] = field(default_factory=list[int])  # of each turn: the calls up to then

    @property
    def mcp_servers(self) -> Sequence[dict[str, JsonValue]]:
        return [server(CHILD, self.package, self.task.id, str(self.record))]

    def follow_up(self, answer: str, requests: int) -> str | None:
        """The next turn's question."""
        del answer, requests
        self.ends.append(len(self._calls()))
        return FOLLOWING.format(question=self.questions.pop(0)) if self.questions else None

    def check(self, answer: str) -> tuple[CheckResult, ...]:
        """The official check of the calls, whatever is said."""
        del answer
        calls = self._calls()
        turns = [calls[begin:end] for begin, end in zip([0, *self.ends], self.ends, strict=False)]
        said = json.dumps(turns)
        verdict = cast("dict[str, Any]", ask(CHILD, "judge", self.package, self.task.id, name="bfcl-eval", said=said))
        return (CheckResult(self.task.checks[0], passed=verdict["valid"], reason=verdict["error"]),)

    def _calls(self) -> list[dict[str, Any]]:
        if not self.record.exists():
            return []
        return [json.loads(line) for line in self.record.read_text("utf-8").splitlines()]
