"""The check before a run: syntax, names, and the arguments of external functions. Nothing has happened yet then."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from punie_acp.codemode.problems import syntax_problem
from punie_acp.codemode.source import bound_names

if TYPE_CHECKING:
    from pydantic_monty import AsyncMonty

    from punie_acp.codemode.events import ProgramError


class Checker:
    """Checks programs against the stubs and against what earlier programs of the session left."""

    def __init__(self, pool: AsyncMonty) -> None:
        self._pool = pool
        self.earlier_names: frozenset[str] = frozenset()

    async def open(self) -> None:
        """Check a worker out."""

    async def close(self) -> None:
        """Give the worker back."""

    async def check(self, code: str) -> ProgramError | None:
        """What keeps the program from running, if anything."""
        try:
            ast.parse(code)
        except SyntaxError as error:
            return syntax_problem(error, code)
        return None

    def remember(self, code: str, up_to_line: int | None) -> None:
        """Note what a program that has run (up to a line) has defined."""
        self.earlier_names |= bound_names(ast.parse(code))
