"""The functions whose calls are external ones, and a call of one, bound to what serves it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from punie_acp.codemode.binding import bind, raw_input
from punie_acp.codemode.calls import CallSite
from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.hostmodules import HOST_FUNCTIONS, OS_FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic_monty import ExternalResult

    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.early.record import EarlyRead
    from punie_acp.codemode.extra import ExtraFunctions
    from punie_acp.codemode.functions import Place
    from punie_acp.codemode.surviving.kept import KeptCall

_PLANNERS = OS_FUNCTIONS | FUNCTIONS | HOST_FUNCTIONS


@dataclass(frozen=True, slots=True)
class Service:
    """What serves a call: how it is shown, its arguments by name, and what plans it."""

    function: str
    arguments: dict[str, object]
    plan_it: Callable[[], Awaitable[Plan]]


@dataclass(frozen=True, slots=True)
class ExternalCall:
    """A call that a program has made."""

    name: str
    service: Service
    kept: KeptCall
    early: EarlyRead | None = None  # where it was made while the program was written

    def site(self, program_id: str) -> CallSite:
        """Which call it is."""
        kept, service = self.kept, self.service
        return CallSite(kept.call_id, program_id, service.function, kept.line, raw_input(service.arguments))


def is_served(name: str, extra: ExtraFunctions) -> bool:
    """Whether calls of this function are external ones."""
    return name in _PLANNERS or name in extra.by_name


def serve(
    place: Place, extra: ExtraFunctions, name: str, args: tuple[object, ...], kwargs: dict[str, object]
) -> Service:
    """What serves a call. Raises `TypeError` where the arguments do not fit."""
    function = extra.by_name.get(name)
    if function is not None:
        shown = function.shown_as or name
        return Service(shown, function.bind(args, kwargs), partial(function.plan, args, kwargs))
    arguments = bind(name, _PLANNERS[name], args, kwargs)
    return Service(name, arguments, partial(_PLANNERS[name], place, **arguments))


async def plan_read(place: Place, name: str, path: str) -> Plan:
    """Plan to read `path` by the function `name`."""
    return await _PLANNERS[name](place, path=path)


def unknown_function(name: str, args: tuple[object, ...]) -> ExternalResult:
    """The answer to a call that nobody serves; `import` of a module that is not there is one of them."""
    if name == "import":
        return {"exc_type": "ModuleNotFoundError", "message": f"No module named {args[0]!r}"}
    return {"exc_type": "NotImplementedError", "message": f"{name} is not available in this sandbox"}
