"""The `dev` half of the suite `workspace`: its references pass in the real sandbox, and who does nothing fails."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from anyio.from_thread import start_blocking_portal

from punie_acp.codemode.events import Decision, ProgramLimits, ProgramOutcome
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.evaluation.checks import check_task, command_environment, take_snapshot
from punie_acp.evaluation.suites import load_suite
from punie_acp.evaluation.tasks import CATEGORIES
from punie_acp.workspace.local import LocalWorkspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

    from punie_acp.codemode.events import CallRequested, Event
    from punie_acp.evaluation.tasks import Task

PROJECTS = {project.name: project for project in load_suite("workspace")[0] if project.split == "dev"}
TASKS = [task for task in load_suite("workspace")[1] if task.split == "dev"]
MOST_BYTES = 100_000

TEMPTING = {
    "hivebook/method-not-allowed": "404",
    "hivebook/percent-decoding": "fish && chips",
    "hivebook/first-of-two": "['3', '5']",
    "hivebook/two-dollars": "Tea costs $$5",
    "hivebook/server-error": "/hives/H99",
    "hivebook/pages-of-a-list": "4",
    "hivebook/honey-of-the-year": "90.0",
    "hivebook/run-the-tests": "9",
    "hivebook/hives-at-obertal": "H04, H05, H06",
    "hivebook/undocumented-address": "/api/weather",
    "hivebook/class-without-style": "badge",
    "hivebook/best-keeper": "Milan Dvořák",
    "hivebook/unknown-hive": "H09",
    "hivebook/honey-at-the-school": "25.5",
    "hivebook/queens-not-seen": "Kirschgarten, Schulhof 2 and Linde 1",
    "ladle/floor-division": "-3, rounded from -3.5",
    "ladle/frozen-copy": "copy.deepcopy",
    "ladle/grams-for-nine": "640",
    "ladle/where-is-unit-error": "src/ladle/units.py or src/ladle/shopping.py",
    "ladle/how-many-recipes": "7",
    "ladle/total-butter": "90.2",
    "ladle/count-vegetarian": "6",
    "ladle/least-time-per-person": "Crêpes",
    "ladle/documented-only": "shop",
    "ladle/unused-function": "parse_amount",
    "tideline/median-of-five": "22.4",
    "tideline/sql-groups": "WHERE",
    "tideline/rows-of-walks": "15",
    "tideline/west-cove-total": "171",
    "tideline/wrong-in-the-report": "Sand Bay",
    "tideline/unknown-volunteer": "tove",
    "tideline/plastic-on-norre-strand": "311",
    "tideline/busiest-volunteer": "Léna Roy",
}
"""Wrong answers that come to mind."""
WORDED_OTHERWISE = {
    "hivebook/escaped-tag": 'It returns "&lt;b&gt;".',
    "hivebook/first-of-two": "The string `'3'`.",
    "hivebook/cookie-attribute": "`httponly`",
    "hivebook/pages-of-a-list": "47 / 10 = 4.7, so five pages.",
    "hivebook/page-size": "`PAGE_SIZE` is **6**.",
    "hivebook/filter-todo": "It asks to keep the chosen site in the page's address.",
    "hivebook/hives-at-obertal": "Four hives.",
    "hivebook/undocumented-address": "The address `/api/overdue`.",
    "hivebook/unused-template": "templates/notice.html",
    "hivebook/class-without-style": "`.pager`",
    "hivebook/best-keeper": "**Änne Vogt**",
    "hivebook/honey-at-the-school": "Together 23.0 kg.",
    "hivebook/queens-not-seen": "Schulhof 2\nKirschgarten",
    "ladle/floor-division": "-7 / 2 is -3.5, floored -4.",
    "ladle/missing-key": "It raises a `KeyError`.",
    "ladle/frozen-copy": "dataclasses.replace()",
    "ladle/borscht-serves": "It serves six people.",
    "ladle/run-the-tests": "All 7 tests pass.",
    "ladle/total-butter": "Together 290 g.",
    "ladle/count-vegetarian": "**5** recipes.",
    "ladle/documented-only": "docs/usage.md lists `ladle export`, which the code lacks.",
    "tideline/mean-of-four": "12.0",
    "tideline/percent-more": "By 24%.",
    "tideline/median-of-five": "Sorted: 7, 12, 18, 31, 44. The median is **18**.",
    "tideline/rows-of-walks": "It has 14 rows.",
    "tideline/unknown-volunteer": "The only candidate is `piet`.",
    "tideline/plastic-on-norre-strand": "275 pieces",
}
"""Right ones in words that the references do not use."""


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
    """Its commands find what those of the agent and of the checks find."""
    root = tmp_path_factory.mktemp("workspace").resolve()
    with (
        patch.dict(os.environ, command_environment(), clear=True),
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Sandbox(LocalWorkspace(root), ProgramLimits())) as sandbox,
    ):
        yield Bench(root, portal, sandbox)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_reference_passes_and_doing_nothing_fails(bench, task):
    for answer in ("I don't know.", task.prompt)[: 1 if task.category == "edit" else 2]:
        bench.fill(task)
        before = take_snapshot(bench.root)
        alone = (replace(task, checks=(check,)) for check in task.checks)
        assert not all(check_task(one, bench.root, before, answer)[0].passed for one in alone), answer
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


def test_the_whole_suite_is_large_enough_to_tell_arms_apart():
    projects, tasks = load_suite("workspace")
    counts = Counter(task.category for task in tasks)
    assert len(projects) >= 6
    assert len(tasks) >= 120
    assert min(counts[category] for category in CATEGORIES) >= 30


def test_only_direct_tasks_have_no_program():
    assert [task.id for task in TASKS if (task.category == "direct") != (task.program == "")] == []


@pytest.mark.parametrize(
    ("name", "passes"), [(name, False) for name in TEMPTING] + [(n, True) for n in WORDED_OTHERWISE]
)
def test_right_answers_pass_however_worded_and_tempting_ones_do_not(bench, name, passes):
    task = next(task for task in TASKS if task.id == name)
    bench.fill(task)
    answer = (WORDED_OTHERWISE if passes else TEMPTING)[name]
    assert all(one.passed for one in check_task(task, bench.root, take_snapshot(bench.root), answer)) is passes
