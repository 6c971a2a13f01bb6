"""The check before a run: syntax, names, modules, the arguments of external functions. Nothing has happened yet.

Monty's own type checker (ty) does the work, in a worker of its own: the program follows a call of `gate_()`, which
stops it at once, so that it is checked and never run. Of what ty reports only that is held against a program which is
certain to fail: a type that might not fit is no reason to cost a slow model a turn.
"""

from __future__ import annotations

import ast
import json
import re
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from pydantic_monty import (
    ExternalModule,
    FunctionSnapshot,
    MontyComplete,
    MontyError,
    MontySyntaxError,
    MontyTypingError,
    NameLookupSnapshot,
)

from punie_acp.codemode.answers import INTERRUPT
from punie_acp.codemode.diagnosis import Diagnosis, find_fix, is_certain
from punie_acp.codemode.events import ProgramError
from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.codemode.librarycheck import library_problem
from punie_acp.codemode.librarystubs import library_stub
from punie_acp.codemode.limits import UNLIMITED_SUSPENSIONS
from punie_acp.codemode.lowering.modules import MODULES, PRELOADED, WITHOUT_MEANING
from punie_acp.codemode.problems import excerpt, syntax_problem
from punie_acp.codemode.rewriting.knowledge import Knowledge
from punie_acp.codemode.source import bound_names, names_bound_in, parsed
from punie_acp.codemode.stubs import checker_stubs
from punie_acp.codemode.worker import Worker

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontySession

    from punie_acp.codemode.guard import Guard

CHECK_SECONDS = 5.0
_NATIVE = {
    "asyncio",
    "collections",
    "functools",
    "os",
    "sys",
}  # ty knows these; what it does not know of them is not held against a program
_FUTURE = re.compile(r"^from __future__ import .*$", re.MULTILINE)


class _Location(TypedDict):
    row: int
    column: int


class _Report(TypedDict):
    """One finding, as ty prints it in its JSON format (the fields that are used)."""

    code: str
    message: str
    location: _Location


class Checker:
    """Checks programs against the stubs and against what earlier programs of the session left."""

    def __init__(self, pool: Monty, guard: Guard) -> None:
        self._pool = pool
        self._guard = guard
        self._worker: Worker | None = None
        self._extra = ExtraFunctions()
        self.earlier_names: frozenset[str] = frozenset()
        self.knowledge = Knowledge()
        self.compiled = Knowledge()  # what `knowledge` becomes once the program that is compiled has run

    async def open(self) -> None:
        """Check a worker out, and let ty read its stubs: its first check takes ten times as long."""
        monty = self._pool.checkout(
            type_check=True,
            type_check_stubs=checker_stubs() + self._extra.stubs,
            type_check_format="json",
            external_modules={
                name: ExternalModule({}, stubs=library_stub(name)) for name in (MODULES | WITHOUT_MEANING) - _NATIVE
            },
            limits={"max_suspensions": UNLIMITED_SUSPENSIONS, "max_feed_duration_secs": CHECK_SECONDS},
        )
        worker = Worker(monty, self._guard)
        await worker.open()
        self._worker = worker
        await self._report("1", "")

    async def close(self) -> None:
        """Give the worker back."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close()

    async def use(self, extra: ExtraFunctions) -> None:
        """Check from now on against `extra` too. A worker reads its stubs once, so new ones need another worker."""
        if extra.stubs != self._extra.stubs:
            await self.close()
            self._extra = extra
            await self.open()
        self._extra = extra

    async def check(self, code: str) -> ProgramError | None:
        """What keeps the program from running, if anything."""
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError) as error:
            tree = None
            problem = syntax_problem(error, code)
        else:
            problem = None
        try:
            reports = await self._report(code, self._prefix(tree), types=tree is not None)
        except MontySyntaxError as error:
            return problem or ProgramError("syntax", error.display("type-msg"))
        except MontyError:  # the check itself failed; the run will show what is wrong
            await self.close()
            await self.open()
            return problem
        findings = [
            Diagnosis(r["code"], r["message"], r["location"]["row"] - 1, r["location"]["column"]) for r in reports
        ]
        certain = [finding for finding in findings if is_certain(finding, code, tree, self._extra)]
        certain.sort(key=lambda finding: (finding.line, finding.rule == "missing-argument"))
        misused = library_problem(tree) if tree is not None else None
        if misused is not None and (not certain or misused[0] < certain[0].line):
            line, column, message = misused
            return ProgramError("type", message, line, excerpt(code, line, column))
        return self._problem(certain[0], code, tree) if certain else None

    def _problem(self, finding: Diagnosis, code: str, tree: ast.Module | None) -> ProgramError:
        known = set(self.earlier_names) | names_bound_in(code)
        message = find_fix(finding, known, self._extra, tree)
        return ProgramError("type", message, finding.line, excerpt(code, finding.line, finding.column))

    def recall(self, names: frozenset[str], knowledge: Knowledge, compiled: Knowledge) -> None:
        """Know what was known when a program was compiled that goes on now."""
        self.earlier_names, self.knowledge, self.compiled = names, knowledge, compiled

    def remember(self, code: str, up_to_line: int | None) -> None:
        """Note what a program that has run (up to a line) has defined."""
        self.knowledge = self.compiled
        tree = parsed(code)
        if tree is None:
            return
        done = [statement for statement in tree.body if up_to_line is None or statement.lineno <= up_to_line]
        self.earlier_names |= bound_names(ast.Module(done, []))

    def _prefix(self, tree: ast.Module | None) -> str:
        """What stands before the program, in one line: the names that earlier programs and the prelude bound."""
        if tree is None:
            return "; ".join([*PRELOADED.values(), *(f"{name} = any_()" for name in sorted(self.earlier_names))])
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        preloaded = used & PRELOADED.keys() - bound_names(tree) - self.earlier_names
        earlier = [f"{name} = any_()" for name in sorted(used & self.earlier_names)]
        return "; ".join([*(PRELOADED[name] for name in sorted(preloaded)), *earlier])

    async def _report(self, code: str, prefix: str, *, types: bool = True) -> list[_Report]:
        """What ty has to say about `code`; without `types`, only whether Monty can parse it. Raises `MontyError`."""
        if self._worker is None or self._worker.pid is None:  # a check was cancelled, which killed the worker
            await self.close()
            await self.open()
        assert self._worker is not None
        text = f"gate_(); {prefix}\n{_FUTURE.sub('pass', code)}"
        return await self._worker.run(partial(_report, self._worker.monty, text, types=types))


def _report(monty: MontySession, text: str, *, types: bool) -> list[_Report]:
    """As `Checker._report`, in the worker's thread."""
    try:
        snapshot = monty.feed_start(text, print_callback=_no_print, inputs={"gate_": gate_}, skip_type_check=not types)
        while not isinstance(snapshot, MontyComplete):
            if isinstance(snapshot, FunctionSnapshot) and snapshot.function_name == "gate_":
                snapshot = snapshot.resume(INTERRUPT)
            elif isinstance(snapshot, NameLookupSnapshot):
                snapshot = snapshot.resume()
            else:
                snapshot = snapshot.resume_auto()
    except MontyTypingError as error:
        return json.loads(error.display())
    except MontySyntaxError:
        raise
    except MontyError as error:
        if "KeyboardInterrupt" in str(error) or "monty syntax parser" in str(error):
            return []
        raise
    return []


def _no_print(_stream: str, _text: str) -> None:
    """Nothing runs, so nothing is printed."""


def gate_() -> None:
    """Never called: calling it pauses the checked program, which then ends."""
