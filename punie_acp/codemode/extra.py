"""Further functions of a program, beside the ones that every session has: a client's MCP tools, questions to the user.

Whoever makes one gives its typed stub (for the check, and for the model to read) and how a call of it is planned. From
then on it is an external call like any other: shown, permitted or refused, performed, recorded.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.signatures import signature

if TYPE_CHECKING:
    import inspect
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from punie_acp.codemode.calls import Plan


@dataclass(frozen=True)
class ExtraFunction:
    """One function that a program may call.

    `stub` is a complete typed `def` with a docstring. `plan` gets the arguments as the program gave them, positional
    and by name, after they were found to fit the stub's parameters; it may raise `PlanError` or `TypeError`.
    """

    name: str
    stub: str
    plan: Callable[[tuple[object, ...], dict[str, object]], Awaitable[Plan]]
    types: str = ""  # the classes that the stub names, as Python source
    shown_as: str = ""  # `CallRequested.function`: what a rule of the user names; empty: `name`

    @cached_property
    def signature(self) -> inspect.Signature:
        """What the function takes, by its stub. Raises `ValueError` for a stub that is no `def` of this name."""
        return _signature(self.name, self.stub)

    @property
    def parameters(self) -> str:
        """The parameters, for people: "path, content"."""
        return ", ".join(self.signature.parameters)

    def bind(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, object]:
        """The arguments by parameter name. Raises `TypeError` that names what the function takes."""
        try:
            return dict(self.signature.bind(*args, **kwargs).arguments)
        except TypeError as error:
            raise TypeError(f"{self.name}(): {error}; it takes {self.parameters or 'no arguments'}") from None


@dataclass(frozen=True)
class ExtraFunctions:
    """All further functions of a session. An immutable value: other functions are another one of these."""

    functions: tuple[ExtraFunction, ...] = ()

    @classmethod
    def of(cls, functions: Iterable[ExtraFunction]) -> ExtraFunctions:
        """`functions`, checked. Raises `ValueError` for a name that is taken or no name, and for a wrong stub."""
        taken = {*FUNCTIONS, *dir(builtins)}
        functions = tuple(functions)
        for function in functions:
            if function.name in taken or keyword.iskeyword(function.name):
                raise ValueError(f"a program's function cannot be called {function.name!r}: that name is taken")
            taken.add(function.name)
            assert function.signature is not None  # reads the stub
            ast.parse(function.types)
        return cls(functions)

    @cached_property
    def by_name(self) -> Mapping[str, ExtraFunction]:
        """The functions by the name that a program calls."""
        return {function.name: function for function in self.functions}

    @cached_property
    def dicts(self) -> frozenset[str]:
        """The classes of the stubs that are dicts with known keys."""
        return frozenset(node.name for node in self._classes("TypedDict"))

    @cached_property
    def named_tuples(self) -> Mapping[str, str]:
        """The classes of the stubs that are named tuples, with their fields, for people: "path, line"."""
        return {
            node.name: ", ".join(ast.unparse(one.target) for one in node.body if isinstance(one, ast.AnnAssign))
            for node in self._classes("NamedTuple")
        }

    def named_in(self, text: str) -> list[ExtraFunction]:
        """The functions that `text` names as programs do, in their order here."""
        words = set(re.findall(r"\w+", text))
        return [function for function in self.functions if function.name in words]

    def _classes(self, base: str) -> list[ast.ClassDef]:
        classes = [node for node in ast.walk(ast.parse(self.stubs)) if isinstance(node, ast.ClassDef)]
        return [node for node in classes if any(ast.unparse(one) == base for one in node.bases)]

    @cached_property
    def stubs(self) -> str:
        """The functions as Python stubs, each class before the first function that names it."""
        parts = dict.fromkeys(part for function in self.functions for part in (function.types, function.stub))
        return "".join(f"{part.rstrip()}\n" for part in parts if part.strip())


def _signature(name: str, stub: str) -> inspect.Signature:
    try:
        body = ast.parse(stub).body
    except SyntaxError as error:
        raise ValueError(f"the stub of {name} is not Python: {error}") from error
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef) or body[0].name != name:
        raise ValueError(f"the stub of {name} must be one `def {name}(…)`")
    return signature(body[0].args)
