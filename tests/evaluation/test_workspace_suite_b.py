"""The `test` half of the suite `workspace`: its references pass in the real sandbox, and who does nothing fails."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal

from punie_acp.codemode.events import Decision, ProgramLimits, ProgramOutcome
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.evaluation.checks import check_task, take_snapshot
from punie_acp.evaluation.suites import load_suite
from punie_acp.evaluation.tasks import CATEGORIES
from punie_acp.workspace.local import LocalWorkspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anyio.from_thread import BlockingPortal

    from punie_acp.codemode.events import CallRequested, Event
    from punie_acp.evaluation.tasks import Task

PROJECTS = {project.name: project for project in load_suite("workspace")[0] if project.split == "test"}
TASKS = [task for task in load_suite("workspace")[1] if task.split == "test"]
MOST_BYTES = 100_000


class Allowing:
    """An observer that allows everything."""

    async def emit(self, event: Event) -> None:
        pass

    async def permit(self, call: CallRequested) -> Decision:
        return Decision(allowed=True)


@dataclass
class Bench:
    """A sandbox over a folder that holds a fresh copy of a task's project."""

    root: Path
    portal: BlockingPortal
    sandbox: Sandbox

    def fill(self, task: Task) -> None:
        for path in self.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(PROJECTS[task.project].folder, self.root, dirs_exist_ok=True)

    def run(self, task: Task) -> ProgramOutcome:
        async def run() -> ProgramOutcome:
            return await self.sandbox.run(task.program, program_id=task.id, observer=Allowing())

        return self.portal.call(run)


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Iterator[Bench]:
    """Its commands find the Python that runs us, as those of a check do."""
    root = tmp_path_factory.mktemp("workspace").resolve()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with (
        pytest.MonkeyPatch.context() as variables,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Sandbox(LocalWorkspace(root), ProgramLimits())) as sandbox,
    ):
        variables.setenv("PATH", path)
        variables.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # which takes most of a small run's time
        yield Bench(root, portal, sandbox)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_reference_passes_and_doing_nothing_fails(bench, task):
    for answer in ("I don't know.", task.prompt)[: 1 if task.category == "edit" else 2]:
        bench.fill(task)
        assert not all(one.passed for one in check_task(task, bench.root, take_snapshot(bench.root), answer)), answer
    bench.fill(task)
    before = take_snapshot(bench.root)
    output = ""
    if task.program:
        outcome = bench.run(task)
        assert outcome.error is None
        output = outcome.output.strip()
        assert output
    answer = task.answer.replace("{output}", output)
    assert [one.reason for one in check_task(task, bench.root, before, answer) if not one.passed] == []


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_has_tasks_of_every_category_and_is_small(name):
    counts = Counter(task.category for task in TASKS if task.project == name)
    assert min(counts[category] for category in CATEGORIES) >= 5
    assert sum(path.stat().st_size for path in PROJECTS[name].folder.rglob("*") if path.is_file()) < MOST_BYTES


def test_only_direct_tasks_have_no_program():
    assert [task.id for task in TASKS if (task.category == "direct") != (task.program == "")] == []
