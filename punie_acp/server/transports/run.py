"""`punie-acp serve`: the agent for clients over the network, on the loopback unless it is told otherwise."""

from __future__ import annotations

import secrets
import signal
import socket
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import anyio

from punie_acp.server.transports.access import Access, is_loopback
from punie_acp.server.transports.app import ENDPOINT, App
from punie_acp.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import uvicorn

    from punie_acp.settings import Settings

LEAST_REMOTE_TOKEN = 16  # characters
SECONDS_TO_END = 3


class ServeError(SettingsError):
    """The server cannot be started as asked. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where to listen, and who may connect."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: one that is free
    token: str = ""  # empty: one is made
    allow_remote: bool = False
    origins: Sequence[str] = ()  # of web pages that may connect


def serve_network(settings: Settings, options: ServeOptions) -> None:
    """Serve until SIGINT or SIGTERM. Raises `ServeError`."""
    _check(options)
    token = options.token or secrets.token_urlsafe(32)
    with _listening(options) as listener:
        _announce(listener, options, token)
        anyio.run(_serve_until_signalled, settings, _access(options, token), listener)


def _check(options: ServeOptions) -> None:
    for name in ("uvicorn", "websockets"):
        if find_spec(name) is None:
            raise ServeError(f"{name} is not installed; serving needs the extra: pip install 'punie-acp[serve]'")
    if is_loopback(options.host):
        return
    if not options.allow_remote:
        raise ServeError(
            f"{options.host} is not this machine's loopback, and whoever may connect may run commands here; "
            "--allow-remote allows it"
        )
    if len(options.token) < LEAST_REMOTE_TOKEN:
        raise ServeError(f"with --allow-remote, give a token of at least {LEAST_REMOTE_TOKEN} characters")


def _access(options: ServeOptions, token: str) -> Access:
    names = frozenset({options.host, socket.gethostname()} if options.allow_remote else {options.host})
    return Access(token, names, any_address=options.allow_remote, origins=frozenset(options.origins))


@contextmanager
def _listening(options: ServeOptions) -> Generator[socket.socket]:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        raise ServeError(f"cannot listen on {options.host}, port {options.port}: {error.strerror}") from error
    with listener:
        yield listener


def _announce(listener: socket.socket, options: ServeOptions, token: str) -> None:
    """Say on stderr where the agent is; stdout stays empty, as everywhere."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    place = f"{host}:{listener.getsockname()[1]}{ENDPOINT}"
    lines = [f"serving ACP on ws://{place} and http://{place}"]
    if not options.token:
        lines.append(f"token: {token}")
    if options.allow_remote:
        lines.append("warning: what is sent can be read on its way; put a proxy with TLS, or an SSH tunnel, before it")
    for line in lines:
        print(f"punie-acp: {line}", file=sys.stderr, flush=True)  # noqa: T201 - for the user, not for the log


async def _serve_until_signalled(settings: Settings, access: Access, listener: socket.socket) -> None:
    async with anyio.create_task_group() as tasks:
        app = App(settings, access, tasks)
        server = _server(app, settings)
        tasks.start_soon(_end_on_signal, server, app, tasks.cancel_scope)
        try:
            await server._serve([listener])  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - `serve` takes the signals
        finally:
            await app.close()
        tasks.cancel_scope.cancel()


def _server(app: App, settings: Settings) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",
        ws="websockets-sansio",
        ws_max_size=settings.max_line_bytes,
        lifespan="off",
        log_config=None,  # our own log takes the lines
        log_level="warning",  # below it are the paths, with tokens in them
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever connects is who connects
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    return uvicorn.Server(config)


async def _end_on_signal(server: uvicorn.Server, app: App, scope: anyio.CancelScope) -> None:
    """End the agents first, with all that they have started; then the server has nothing left to wait for."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            if server.should_exit:  # a second one
                scope.cancel()
                return
            app.end_all()
            server.should_exit = True
