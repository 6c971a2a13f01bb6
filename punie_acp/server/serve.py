"""`punie-acp --stdio`: the agent at the end of a pipe."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import anyio

from punie_acp.protocol.stdio import stdio_streams
from punie_acp.server.auth import SETUP_FLAG
from punie_acp.server.connection import serve_connection
from punie_acp.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLAGS = {"--model": "model", "--mode": "mode", "--log-level": "log_level"}


class _UsageError(ValueError):
    """The command line has a flag that `--stdio` does not know, or one without a value."""


def serve_stdio(arguments: Sequence[str]) -> int:
    """Serve one client over stdin and stdout until it closes them. Returns the exit code."""
    try:
        settings = load_settings(overrides=_overrides(arguments))
    except (SettingsError, _UsageError) as error:
        print(f"punie-acp: {error}", file=sys.stderr)  # noqa: T201 - there is no log yet
        return 2
    anyio.run(_serve_until_signalled, settings)
    return 0


def model_to_install(arguments: Sequence[str]) -> str:
    """The model that `--setup` beside these arguments installs: the one that sessions would use."""
    try:
        model = load_settings(overrides=_overrides([item for item in arguments if item != SETUP_FLAG])).model
    except (SettingsError, _UsageError) as error:
        raise SystemExit(f"punie-acp: {error}") from None
    return "auto" if ":" in model else model


def _overrides(arguments: Sequence[str]) -> dict[str, str]:
    """The settings that the flags name: `--model X` or `--model=X`."""
    overrides: dict[str, str] = {}
    rest = iter([argument for argument in arguments if argument != "--stdio"])
    for argument in rest:
        flag, equals, value = argument.partition("=")
        if flag not in _FLAGS:
            raise _UsageError(f"unknown argument {argument!r}; --stdio takes {', '.join(_FLAGS)}")
        overrides[_FLAGS[flag]] = value if equals else _value_of(flag, next(rest, None))
    return overrides


def _value_of(flag: str, value: str | None) -> str:
    if value is None:
        raise _UsageError(f"{flag} needs a value")
    return value


async def _serve_until_signalled(settings: Settings) -> None:
    """SIGTERM and SIGINT end the agent as a closed pipe does, so that no command of a program outlives it."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_cancel_on_signal, tasks.cancel_scope)
        await _serve(settings)
        tasks.cancel_scope.cancel()


async def _cancel_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()
            return


async def _serve(settings: Settings) -> None:
    async with stdio_streams() as end:
        await serve_connection(end, settings)
