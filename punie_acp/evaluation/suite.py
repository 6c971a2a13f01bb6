"""What the runner asks of a suite, and the suites on the disk as one that answers."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from punie_acp.evaluation.checks import check_task, take_snapshot
from punie_acp.evaluation.facts import suite_hash
from punie_acp.evaluation.suites import FOLDER, load_suite

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from punie_acp.evaluation.checks import Snapshot
    from punie_acp.evaluation.tasks import CheckResult, Project, Task
    from punie_acp.protocol.errors import JsonValue


class PreparedTask(Protocol):
    """A task that is ready to be asked, once."""

    @property
    def cwd(self) -> Path:
        """The session's folder."""
        ...

    @property
    def mcp_servers(self) -> Sequence[Mapping[str, JsonValue]]:
        """Servers of the session, as `session/new` takes them."""
        ...

    def follow_up(self, answer: str, requests: int) -> str | None:
        """The next prompt of the same session, after `requests` of the model; None where that was all."""
        ...

    def check(self, answer: str) -> tuple[CheckResult, ...]:
        """What the checks say if this is the answer. It may be asked more than once."""
        ...


class Suite(Protocol):
    """Tasks, and how each is made ready."""

    @property
    def tasks(self) -> Sequence[Task]:
        """All of them, in order."""
        ...

    @property
    def fingerprint(self) -> str:
        """Another one is another suite: its results are not compared with this one's."""
        ...

    @property
    def settings(self) -> Mapping[str, str]:
        """Settings of the agent that the suite needs, unless others are asked for by name."""
        ...

    def prepare(self, task: Task, folder: Path) -> AbstractContextManager[PreparedTask]:
        """Make a task ready in the empty folder `folder`; what that started ends with the context."""
        ...


@dataclass(frozen=True, slots=True)
class DiskSuite:
    """A suite of this package: each task has a prompt and a fresh copy of its project."""

    projects: Mapping[str, Project]
    tasks: Sequence[Task]
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def fingerprint(self) -> str:
        """Of the tasks and the files of their projects."""
        return suite_hash((asdict(task) for task in self.tasks), (one.folder for one in self.projects.values()))

    @contextmanager
    def prepare(self, task: Task, folder: Path) -> Generator[PreparedTask]:
        """Copy the task's project."""
        project = self.projects[task.project]
        workspace = Path(shutil.copytree(project.folder, folder / project.name, symlinks=True))
        yield _OnACopy(task, workspace, take_snapshot(workspace))


@dataclass(frozen=True, slots=True)
class _OnACopy:
    """A task on a copy of its project."""

    task: Task
    cwd: Path
    before: Snapshot
    mcp_servers: Sequence[Mapping[str, JsonValue]] = ()

    def follow_up(self, answer: str, requests: int) -> str | None:
        """One prompt is all."""
        del answer, requests

    def check(self, answer: str) -> tuple[CheckResult, ...]:
        """The task's checks."""
        return check_task(self.task, self.cwd, self.before, answer)


def open_suite(name: str, checkout: Path | None = None, folder: Path = FOLDER) -> Suite:
    """The suite of this name; one that others made is in `checkout`. Raises `EvaluationError`."""
    if name == "m3tooleval":
        from punie_acp.evaluation.outside.m3tooleval import open_m3tooleval

        return open_m3tooleval(checkout)
    if name == "bfcl":
        from punie_acp.evaluation.outside.bfcl import open_bfcl

        return open_bfcl(checkout)
    if name == "python":
        from punie_acp.evaluation.corpus import open_corpus

        return open_corpus(checkout)
    projects, tasks = load_suite(name, folder)
    return DiskSuite({project.name: project for project in projects}, tasks)
