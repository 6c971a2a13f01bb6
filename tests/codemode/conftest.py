"""A laboratory for programs: a real sandbox over a real folder, shared by the tests of a module."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal

from punie_acp.codemode.events import (
    CallFinished,
    CallRequested,
    Decision,
    Event,
    ProgramChecked,
    ProgramLimits,
    ProgramOutcome,
)
from punie_acp.codemode.sandbox import Sandbox
from punie_acp.workspace.local import LocalWorkspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from anyio.from_thread import BlockingPortal

LIMITS = ProgramLimits(seconds=1.0, memory_bytes=64 * 1024 * 1024, output_bytes=4096, recursion=200, calls=300)

FILES = {
    "a.txt": "one\ntwo\nthree\n",
    "src/b.py": "# TODO: first\nx = 1\n",
    "src/deep/c.py": "# TODO: second\n# TODO: third\n",
    "data.json": '{"name": "punie", "n": 3}\n',
}


@dataclass
class Watcher:
    """An observer that remembers, and refuses what `refuse` says."""

    refuse: Callable[[CallRequested], str | None] = lambda _: None
    events: list[Event] = field(default_factory=list)

    async def emit(self, event: Event) -> None:
        self.events.append(event)

    async def permit(self, call: CallRequested) -> Decision:
        reason = self.refuse(call)
        return Decision(reason is None, reason or "")

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Ran:
    """What one program did."""

    outcome: ProgramOutcome
    watcher: Watcher

    @property
    def output(self) -> str:
        return self.outcome.output

    @property
    def requests(self) -> list[CallRequested]:
        return self.watcher.of(CallRequested)

    @property
    def finishes(self) -> list[CallFinished]:
        return self.watcher.of(CallFinished)

    @property
    def repairs(self) -> tuple[str, ...]:
        return self.watcher.of(ProgramChecked)[0].repairs


@dataclass
class Lab:
    """Runs programs in one sandbox, whose folder can be filled anew."""

    root: Path
    portal: BlockingPortal
    sandbox: Sandbox
    programs: int = 0

    def run(self, code: str, limits: ProgramLimits | None = None, refuse=lambda _: None) -> Ran:
        self.programs += 1
        watcher = Watcher(refuse)

        async def run() -> ProgramOutcome:
            return await self.sandbox.run(code, program_id=f"t/{self.programs}", observer=watcher, limits=limits)

        return Ran(self.portal.call(run), watcher)

    def fill(self) -> None:
        for path in self.root.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name, text in FILES.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory) -> Iterator[Lab]:
    root = tmp_path_factory.mktemp("project").resolve()
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Sandbox(LocalWorkspace(root), LIMITS)) as sandbox,
    ):
        yield Lab(root, portal, sandbox)


@pytest.fixture
def lab(shared_lab) -> Lab:
    shared_lab.fill()
    return shared_lab
