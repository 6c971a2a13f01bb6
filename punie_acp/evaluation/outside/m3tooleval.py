"""M3ToolEval, the benchmark of CodeAct (https://arxiv.org/abs/2402.01030), read from the user's checkout of it.

Each task has tools of its own, which an MCP server over stdio gives to the agent: they become functions of its
programs, or calls of its other ways to act. As in the official loop, the agent is told when its answer is wrong and
tries again, within ten requests of the model in all; what is right, the official check says.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from punie_acp.evaluation.errors import EvaluationError
from punie_acp.evaluation.facts import suite_hash
from punie_acp.evaluation.outside.children import SETTINGS, ask, named, server
from punie_acp.evaluation.outside.m3_child import FOLDER
from punie_acp.evaluation.tasks import Check, CheckResult, Task

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from punie_acp.evaluation.suite import PreparedTask
    from punie_acp.protocol.errors import JsonValue

CHILD = Path(__file__).with_name("m3_child.py")
MOST_REQUESTS = 10
PROMPT = (
    "You have access to the following tools: {tools}.\n\nNow, let's get started!\n\nInstruction: {instruction}\n"
    "When you are done, output the result using 'Answer: your answer'\n"
    "Please ONLY output the answer (e.g., single number), without any other text."
)
WRONG = (
    "Your answer is incorrect. Please try again. Note that you should ONLY output the answer (e.g., single number), "
    "without any other text."
)
NO_ANSWER = "Invalid generation. When you are done, your output should contain 'Answer:'."


@dataclass(frozen=True, slots=True)
class M3ToolEval:
    """The suite. Other tasks, or other tools, have another fingerprint."""

    checkout: Path
    tasks: tuple[Task, ...]
    fingerprint: str

    @property
    def settings(self) -> Mapping[str, str]:
        """So that each task has its functions."""
        return SETTINGS

    @contextmanager
    def prepare(self, task: Task, folder: Path) -> Generator[PreparedTask]:
        """An empty folder, and the task's tools."""
        workspace = folder / "workspace"
        workspace.mkdir()
        yield _Prepared(self.checkout, task, workspace)


def open_m3tooleval(checkout: Path | None) -> M3ToolEval:
    """The suite of this checkout. Raises `EvaluationError` where it is none, or cannot be run."""
    if checkout is None:
        raise EvaluationError("m3tooleval wants --checkout, a folder with a clone of github.com/xingyaoww/code-act")
    if not (checkout / FOLDER / "tasks").is_dir():
        raise EvaluationError(f"{checkout} is no checkout of code-act: it has no {FOLDER}/tasks")
    checkout = checkout.resolve()
    described = cast("list[dict[str, Any]]", ask(CHILD, "list", checkout, name="M3ToolEval"))
    tasks = tuple(map(_task, described))
    return M3ToolEval(checkout, tasks, suite_hash(map(asdict, tasks), [checkout / FOLDER / "tasks"]))


def _task(described: dict[str, Any]) -> Task:
    return Task(
        id=described["name"],
        project=described["name"].split("/")[0],
        split="test",  # nobody should tune anything on it
        category="read",
        prompt=PROMPT.format(tools=named(described["tools"]), instruction=described["instruction"]),
        checks=(Check("official", described["expected"]),),
    )


@dataclass(slots=True)
class _Prepared:
    """A task with its tools, and what came of its answers so far."""

    checkout: Path
    task: Task
    cwd: Path
    verdicts: list[bool] = field(default_factory=list[bool])  # of each answer, no answer aside
    requests: int = 0

    @property
    def mcp_servers(self) -> Sequence[dict[str, JsonValue]]:
        return [server(CHILD, self.checkout, self.task.id)]

    def follow_up(self, answer: str, requests: int) -> str | None:
        """What the official loop says to a wrong answer, and to none."""
        self.requests = requests
        verdict = self._judge(answer)
        if verdict["answered"]:
            self.verdicts.append(verdict["right"])
        if verdict["right"] or requests >= MOST_REQUESTS:
            return None
        if not verdict["answered"]:
            return NO_ANSWER
        return f"{WRONG}\n*Extra reminder: {verdict['reminder']}" if verdict["reminder"] else WRONG

    def check(self, answer: str) -> tuple[CheckResult, ...]:
        """The official check; and whether the answer came in time, and as which one."""
        official = self.task.checks[0]
        if self.requests > MOST_REQUESTS:
            return (CheckResult(official, passed=False, reason=f"{self.requests} requests of the model"),)
        if not self._judge(answer)["right"]:
            return (CheckResult(official, passed=False, reason=f"not {official.value}"),)
        return (CheckResult(official, passed=True, reason=f"answer {len(self.verdicts)}"),)

    def _judge(self, answer: str) -> dict[str, Any]:
        verdict = ask(CHILD, "judge", self.checkout, self.task.id, name="M3ToolEval", said=answer)
        return cast("dict[str, Any]", verdict)
