"""What the sandbox answers by itself: values that touch nothing of the user's, and exceptions in Monty's terms."""

from __future__ import annotations

from os.path import normpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast, get_args

import anyio.to_thread
from pydantic_monty import ExcType

from punie_acp.codemode.environment import visible_environment
from punie_acp.codemode.purefunctions import compute, takes_long

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_monty import ExternalResult, ExternalSettledResult, SyncSnapshot

    from punie_acp.codemode.functions import Place

MAX_SLEEP_SECONDS = 10.0
"""Of one pause that a program makes; it goes on then."""
_KNOWN_EXCEPTIONS = frozenset(get_args(ExcType))
SLEEPS = ("time.sleep", "asyncio.sleep", "system.sleep", "system.async_sleep")
NOT_SILENT = object()
PURE = "pure"
"""The host function by which the prelude computes (`purefunctions.py`)."""


def silent_answer(place: Place, name: str, args: Sequence[object]) -> object:
    """The value of an OS function that needs no call: the environment, a path's form. Else `NOT_SILENT`."""
    if name == "os.environ":
        return visible_environment(place.workspace.root)
    if name == "os.getenv":
        return visible_environment(place.workspace.root).get(str(args[0]), args[1] if len(args) > 1 else None)
    if name in {"Path.resolve", "Path.absolute"}:
        return PurePosixPath(normpath(place.workspace.root / str(args[0])))
    return NOT_SILENT


async def pure_answer(args: Sequence[object], kwargs: Mapping[str, object]) -> ExternalResult:
    """What a pure function gives, or raises."""
    try:
        if not takes_long(args):
            return {"return_value": compute(args, kwargs)}
        value = await anyio.to_thread.run_sync(compute, args, kwargs, abandon_on_cancel=True)
        return {"return_value": value}
    except Exception as error:  # noqa: BLE001 - what it raises is the program's
        return raising(error)


def raising(error: BaseException) -> ExternalSettledResult:
    """The answer that raises `error` in the program, as the nearest exception that Monty knows."""
    for kind in type(error).__mro__:
        if kind.__name__ in _KNOWN_EXCEPTIONS:
            return {"exc_type": cast("ExcType", kind.__name__), "message": message_of(error)}
    return {"exc_type": "RuntimeError", "message": message_of(error)}


INTERRUPT: ExternalSettledResult = {"exc_type": "KeyboardInterrupt", "message": "the program was stopped"}
"""The answer that unwinds a program past its `except Exception`; Monty 1.4 keeps the session's state."""


def interrupting(call_ids: Sequence[int]) -> dict[int, ExternalSettledResult]:
    """`INTERRUPT` for each of the calls that a program waits for."""
    return dict.fromkeys(call_ids, INTERRUPT)


def message_of(error: BaseException) -> str:
    """An error's text; a `KeyError`'s without the quotes around it."""
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return str(error)


def source_line(snapshot: SyncSnapshot, code: bytes, filename: str) -> int | None:
    """The 1-based line of `code` at which the program paused; None where that is in other code (our prelude)."""
    position = getattr(snapshot, "position", None)
    if position is None or position.filename != filename:
        return None
    return code.count(b"\n", 0, position.start) + 1
