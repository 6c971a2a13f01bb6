"""The `test` half of the suite `workspace`: its references pass in the real sandbox, and who does nothing fails."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
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

PROJECTS = {project.name: project for project in load_suite("workspace")[0] if project.split == "test"}
TASKS = [task for task in load_suite("workspace")[1] if task.split == "test"]
MOST_BYTES = 100_000

TEMPTING = {
    "lantern/next-version": "3.4.6",
    "lantern/navigation-element": "`<menu>`, for navigation",
    "lantern/make-a-slug": "what-s-new-in-2-4",
    "lantern/third-title": "Sharing",
    "lantern/broken-links": "30",
    "lantern/default-port": "8080",
    "lantern/latest-version": "2.4.0 of 2026-01-09",
    "lantern/pages-without-entry": "docs/install/from-source.md and docs/about/conduct.md",
    "lantern/settings-not-in-the-example": "network.proxy and faces.enabled",
    "lantern/largest-release": "2.4.0: 4",
    "lantern/most-linked-page": "search.md: 6",
    "lantern/term-nobody-uses": "Smart album",
    "nightshift/unset-variables": "set -e",
    "nightshift/timeout-of-scans": "45m, the default",
    "nightshift/lines-of-a-log": "12",
    "nightshift/who-calls-rsync": "bin/copy-scans.sh",
    "nightshift/never-scheduled": "reindex",
    "nightshift/worst-night": "2026-03-05, 5 errors",
    "nightshift/megabytes-of-clio": "35753",
    "nightshift/slowest-backup": "clio, 2026-03-06, 924 s",
    "nightshift/disks-backed-up": "8",
    "quill/off-by-one": "`<=`",
    "quill/which-commit": "1",
    "quill/where-is-space": "src/slice.c",
    "quill/test-files": "7",
    "quill/declared-only": "ql_buf_append_int",
    "quill/documented-only": "ql_ring_peek",
    "quill/version-that-disagrees": "VERSION 0.7.1",
    "quill/most-checks": "test_table.c, 11",
    "quill/capacity-after-appending": "256",
}
"""Wrong answers that come to mind."""
WORDED_OTHERWISE = {
    "lantern/image-in-markdown": "You would write:\n```markdown\n![Lamp](lamp.png)\n```",
    "lantern/navigation-element": "The <nav> element.",
    "lantern/broken-links": "It reports **3** broken links.",
    "lantern/latest-version": "Version 2.4.1 came out on February 18, 2026.",
    "lantern/pages-without-entry": "guide/faces.md\ninstall/from-source.md",
    "lantern/largest-release": "Version 2.3.0 has six entries.",
    "lantern/most-linked-page": "docs/reference/configuration.md, with 6 links.",
    "nightshift/default-signal": "It sends SIGTERM (signal 15).",
    "nightshift/octal-mode": "The mode is 0750.",
    "nightshift/unset-variables": "`set -u` (also `set -o nounset`).",
    "nightshift/timeout-of-scans": "3 hours and 30 minutes",
    "nightshift/megabytes-of-clio": "21,929 MB",
    "nightshift/worst-night": "The night of 2026-03-05, with 3 errors.",
    "nightshift/told-in-vain": "Jürgen Pröll, for prune.",
    "nightshift/disks-backed-up": "Together they have 7.",
    "quill/off-by-one": "Replace it with `<`.",
    "quill/automatic-variable": "The variable `$@`.",
    "quill/which-commit": "Number 2.",
    "quill/test-files": "There are 8 files in tests/.",
    "quill/run-the-checks": "`make check` reports 56 checks, 0 failed.",
    "quill/capacity-after-appending": "384 bytes.",
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


@pytest.mark.parametrize(
    ("name", "passes"), [(name, False) for name in TEMPTING] + [(n, True) for n in WORDED_OTHERWISE]
)
def test_right_answers_pass_however_worded_and_tempting_ones_do_not(bench, name, passes):
    task = next(task for task in TASKS if task.id == name)
    bench.fill(task)
    answer = (WORDED_OTHERWISE if passes else TEMPTING)[name]
    assert all(one.passed for one in check_task(task, bench.root, take_snapshot(bench.root), answer)) is passes
