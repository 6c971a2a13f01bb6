"""A program that is being written, and the copy of the session in which its complete statements run."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from punie_acp.codemode.compiling import compile_program
from punie_acp.codemode.deferring import defer
from punie_acp.codemode.early.closed import Closed
from punie_acp.codemode.early.record import Record
from punie_acp.codemode.early.shadow import Pieces, ShadowRun
from punie_acp.codemode.program import Program
from punie_acp.codemode.repair import repair
from punie_acp.codemode.source import bound_names

if TYPE_CHECKING:
    from punie_acp.codemode.checker import Checker
    from punie_acp.codemode.events import Observer, ProgramLimits
    from punie_acp.codemode.extra import ExtraFunctions
    from punie_acp.codemode.session import Session
    from punie_acp.workspace.base import Workspace

RUNNING_SHARE = 6
"""A piece may compute for one of so many parts of the time that its program has, pauses not counted."""

_MAY_READ = re.compile(
    r"\b(?:read_\w+|list_files|search|open|Path|[ir]?glob|listdir|iterdir|scandir|walk|stat|exists|is_?file|is_?dir|getsize)"
    r"\s*\("
)
"""A copy is made for the first statement that has this: imports and plain computing need none."""


class ReadingAhead:
    """Runs what is complete of one program. `run` goes on beside the writing; `end` comes before the program itself."""

    def __init__(
        self,
        program_id: str,
        session: Session,
        checker: Checker,
        workspace: Workspace,
        observer: Observer,
        limits: ProgramLimits,
        extra: ExtraFunctions,
    ) -> None:
        """`session` and `checker` are those of the program; they are copied, not changed."""
        self.program_id = program_id
        self._session = session
        self._names = checker.earlier_names
        self._knowledge = checker.knowledge.copy()
        self._workspace = workspace
        self._observer = observer
        self._limits = limits
        self._extra = extra
        self._record = Record()
        self._pieces: Pieces = {}
        self._code = ""
        self._closed = Closed()
        self._begun = ""  # the part of it that has run, or was about to
        self._copy: Session | None = None
        self._running: ShadowRun | None = None
        self._over = False
        self._news = anyio.Event()
        self._ended = anyio.Event()
        self._scope = anyio.CancelScope()

    def written(self, code: str) -> None:
        """`code` is what has been written so far."""
        self._code = code
        self._news.set()

    async def run(self) -> None:
        """Run statements as they come, until `end`, or until one does more than read. Raises nothing."""
        with self._scope:
            try:
                await self._follow()
            except Exception:  # noqa: BLE001 - the program itself will show what is wrong
                self._over = True
            finally:
                with anyio.CancelScope(shield=True):
                    await self._close()
        self._ended.set()

    async def end(self) -> None:
        """The program has been written, or will not be: let open calls end, and stop all else."""
        self._over = True
        if self._running is not None:
            await self._running.end_calls()
        self._scope.cancel()
        await self._ended.wait()

    def record_for(self, code: str) -> Record:
        """What was read ahead, for the program `code`; of a program that does not begin like this, nothing counts."""
        if not code.startswith(self._begun):
            self._record.forget()
        return self._record

    async def _follow(self) -> None:
        while not self._over:
            await self._news.wait()
            self._news = anyio.Event()
            if self._over:
                return  # `end` waits for the calls of what runs, and not for what would begin now
            if not self._code.startswith(self._begun):
                self._over = True  # the model has begun anew
                return
            start, cut = len(self._begun), self._closed.look(self._code)
            if cut > start and _MAY_READ.search(self._code, 0, cut):
                self._begun = self._code[:cut]
                await self._run_piece(start)

    async def _run_piece(self, start: int) -> None:
        """Run what has begun at `start`."""
        copy = self._copy
        if copy is None:
            copy = self._copy = self._session.fork()
            await copy.restore()
        if self._over:
            return  # `end` has not waited for what had not begun
        left = self._limits.calls - self._record.shown
        limits = replace(self._limits, seconds=self._limits.seconds / RUNNING_SHARE, calls=left)
        program = self._program(start)
        run = ShadowRun(self._record, self._pieces, program, copy, self._workspace, self._observer, limits, self._extra)
        self._running = run
        await run.run()
        self._over = self._over or run.over or run.error is not None

    def _program(self, start: int) -> Program:
        """The piece that begins at `start`, every line where it is in the program."""
        code = "\n" * self._begun.count("\n", 0, start) + self._begun[start:]
        deferred = defer(repair(code, self._extra.by_name).code, self._extra.by_name)
        compiled = compile_program(deferred, self._names, self._knowledge)
        self._knowledge = compiled.knowledge
        self._names |= bound_names(ast.parse(code))
        return Program(self.program_id, code, compiled.text, lines=compiled.lines)

    async def _close(self) -> None:
        if self._copy is not None:
            await self._copy.close()
