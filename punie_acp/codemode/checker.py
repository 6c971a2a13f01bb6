"""The check before a run: syntax, names, modules, the arguments of external functions. Nothing has happened yet.

Monty's own type checker (ty) does the work, in a worker of its own: the program follows a call of `gate_`, which is
nothing that can be called, so that it is checked and never run. Of what ty reports only that is held against a program
which is certain to fail: a type that might not fit is no reason to cost a slow model a turn.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from functools import cache, partial
from typing import TYPE_CHECKING, TypedDict

from pydantic_monty import ExternalModule, MontyComplete, MontyError, MontySyntaxError, MontyTypingError

from punie_acp.codemode.diagnosis import Diagnosis, find_fix, is_certain
from punie_acp.codemode.events import ProgramError
from punie_acp.codemode.extra import ExtraFunctions
from punie_acp.codemode.librarycheck import library_problem
from punie_acp.codemode.librarystubs import library_stub
from punie_acp.codemode.limits import UNLIMITED_SUSPENSIONS
from punie_acp.codemode.lowering.modules import MODULES, PRELOADED, WITHOUT_MEANING
from punie_acp.codemode.parts import words_of
from punie_acp.codemode.problems import excerpt, syntax_problem
from punie_acp.codemode.rewriting.knowledge import Knowledge
from punie_acp.codemode.signatures import signature
from punie_acp.codemode.source import bound_by, bound_names, parsed, syntax_of
from punie_acp.codemode.stubs import GATE_STUBS, checker_stubs
from punie_acp.codemode.worker import Worker

if TYPE_CHECKING:
    import inspect
    from collections.abc import Awaitable, Coroutine

    from pydantic_monty import Monty, MontySession

    from punie_acp.codemode.guard import Guard
    from punie_acp.codemode.source import Syntax

CHECK_SECONDS = 5.0
_NATIVE = {
    "asyncio",
    "collections",
    "functools",
    "os",
    "sys",
}  # ty knows these; what it does not know of them is not held against a program
_GIVEN = "given_"
"""The module that has what programs are given, where they are checked.

A program imports from it what it names. pydantic-monty 1.4 would put all of a session's stubs before it, and ty takes
half a microsecond longer over each name of a program for each name that stands there.
"""
_ENDS = ("'NoneType' object is not callable", "monty syntax parser")
"""How a program without findings ends: at its gate, or because Monty cannot compile it, which the run will say."""
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
        self._given: frozenset[str] = frozenset()
        self.earlier_names: frozenset[str] = frozenset()
        self._functions: dict[str, inspect.Signature] = {}  # of earlier programs
        self.knowledge = Knowledge()
        self.compiled = Knowledge()  # what `knowledge` becomes once the program that is compiled has run

    async def open(self) -> None:
        """Check a worker out, and let ty read its stubs: its first check takes ten times as long."""
        stubs = checker_stubs() + self._extra.stubs
        self._given = _defined_by(stubs)
        monty = self._pool.checkout(
            type_check=True,
            type_check_stubs=GATE_STUBS,
            type_check_format="json",
            external_modules={
                _GIVEN: ExternalModule({}, stubs=stubs),
                **{
                    name: ExternalModule({}, stubs=library_stub(name)) for name in (MODULES | WITHOUT_MEANING) - _NATIVE
                },
            },
            limits={"max_suspensions": UNLIMITED_SUSPENSIONS, "max_feed_duration_secs": CHECK_SECONDS},
        )
        worker = Worker(monty, self._guard)
        await worker.open()
        self._worker = worker
        await self._checking(f"import {_GIVEN}", "gate_()", types=True)

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

    async def begin(self, code: str) -> Coroutine[None, None, ProgramError | None]:
        """As `check`, which ty does in its own process while this one goes on. What is given must be awaited."""
        if self._worker is None or self._worker.pid is None:  # a check was cancelled, which killed the worker
            await self.close()
            await self.open()
        problem = None
        try:
            syntax = syntax_of(code)
        except (SyntaxError, ValueError, RecursionError) as error:
            syntax = syntax_of("")
            problem = syntax_problem(error, code)
        checking = self._checking(code, self._prefix(code, syntax), types=problem is None)
        earlier = {name: taken for name, taken in self._functions.items() if name not in syntax.bound}
        return self._found(code, syntax, problem, library_problem(syntax.nodes, earlier), checking)

    async def check(self, code: str) -> ProgramError | None:
        """What keeps a program from running, if anything."""
        return await (await self.begin(code))

    async def _found(
        self,
        code: str,
        syntax: Syntax,
        problem: ProgramError | None,
        misused: tuple[int, int, str] | None,
        checking: Awaitable[list[_Report]],
    ) -> ProgramError | None:
        try:
            reports = await checking
        except MontySyntaxError as error:
            return problem or ProgramError("syntax", error.display("type-msg"))
        except MontyError:  # the check itself failed; the run will show what is wrong
            await self.close()
            await self.open()
            return problem
        findings = [
            Diagnosis(r["code"], r["message"], r["location"]["row"] - 1, r["location"]["column"]) for r in reports
        ]
        certain = [finding for finding in findings if is_certain(finding, code, syntax, self._extra)]
        certain.sort(key=lambda finding: (finding.line, finding.rule == "missing-argument"))
        if misused is not None and (not certain or misused[0] < certain[0].line):
            line, column, message = misused
            return ProgramError("type", message, line, excerpt(code, line, column))
        return self._problem(certain[0], code, syntax) if certain else None

    def _problem(self, finding: Diagnosis, code: str, syntax: Syntax) -> ProgramError:
        message = find_fix(finding, {*self.earlier_names, *syntax.bound}, syntax, self._extra)
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
        bound = [bound_names(ast.Module([statement], [])) for statement in done]
        names = set[str]().union(*bound)
        self.earlier_names |= names
        self._functions = {name: taken for name, taken in self._functions.items() if name not in names}
        times = Counter(name for one in bound for name in one)
        self._functions |= {
            one.name: signature(one.args)
            for one in done
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            and not one.decorator_list
            and times[one.name] == 1
        }

    def _prefix(self, code: str, syntax: Syntax) -> str:
        """What stands before the program, in one line: of the names that are there without its doing those it uses."""
        given = sorted(words_of(code) & self._given)
        used = {node.id for node in syntax.nodes if isinstance(node, ast.Name)}
        preloaded = sorted(used & PRELOADED.keys() - syntax.bound - self.earlier_names)
        return "; ".join(
            [
                "gate_()",
                *([f"from {_GIVEN} import {', '.join(given)}"] if given else []),
                *(PRELOADED[name] for name in preloaded),
                *(f"{name} = any_()" for name in sorted(used & self.earlier_names)),
            ]
        )

    def _checking(self, code: str, prefix: str, *, types: bool) -> Coroutine[None, None, list[_Report]]:
        """Have ty look at `code`; without `types`, only see whether Monty can parse it. It begins at once."""
        assert self._worker is not None
        text = f"{prefix}\n{_FUTURE.sub('pass', code)}"
        return self._worker.ended(self._worker.begin(partial(_reports, self._worker.monty, text, types=types)))


def _reports(monty: MontySession, text: str, *, types: bool) -> list[_Report]:
    """What ty has to say, asked in the worker's thread. Raises `MontyError`."""
    try:
        snapshot = monty.feed_start(text, print_callback=_no_print, inputs={"gate_": None}, skip_type_check=not types)
        while not isinstance(snapshot, MontyComplete):
            snapshot = snapshot.resume_auto()  # a module's stubs, when it is first imported
    except MontyTypingError as error:
        return json.loads(error.display())
    except MontySyntaxError:
        raise
    except MontyError as error:
        if any(expected in str(error) for expected in _ENDS):
            return []
        raise
    return []


@cache
def _defined_by(stubs: str) -> frozenset[str]:
    """The names that a program can have from stubs."""
    defining = [node for node in ast.parse(stubs).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return frozenset(name for node in defining for name in bound_by(node) if name[0] != "_")


def _no_print(_stream: str, _text: str) -> None:
    """Nothing runs, so nothing is printed."""
