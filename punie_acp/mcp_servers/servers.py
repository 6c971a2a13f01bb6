"""The MCP servers of a session: started with it, ended with it, their tools as functions of a program.

servers = McpServers(configs, root=root, start_seconds=5, call_seconds=120, log=log)
servers.on_change = lambda: sandbox.set_extra(servers.functions())
tasks.start_soon(servers.run)        # with the session; cancelling it ends every server
...
await servers.ready()                # at the beginning of a turn
for notice in servers.news(): ...    # what the user has not been told yet
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from punie_acp.mcp_servers.functions import extra_functions
from punie_acp.mcp_servers.keeper import Keeper, Surroundings
from punie_acp.mcp_servers.names import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from punie_acp.codemode.extra import ExtraFunction
    from punie_acp.mcp_servers.config import ServerConfig


class McpServers:
    """All servers of one session. One that fails costs its tools and nothing else."""

    def __init__(
        self,
        servers: Sequence[ServerConfig],
        *,
        root: Path,
        start_seconds: float,
        call_seconds: float,
        log: Callable[[str, dict[str, str]], None],
    ) -> None:
        """`start_seconds` is how long the first turn waits, `call_seconds` how long one call may take.

        `log` is given an event and its facts: servers that come and go, and what they write to standard error.
        """
        self.on_change: Callable[[], None] = lambda: None
        around = Surroundings(root, call_seconds, log, self._changed)
        self._keepers = [Keeper(server, label, around) for server, label in zip(servers, _labels(servers), strict=True)]
        self._start_seconds = start_seconds
        self._waited = False
        self._told: set[str] = set()
        self._functions: list[ExtraFunction] = []

    async def run(self) -> None:
        """Start the servers and keep them up until cancelled; then end them. Raises nothing of theirs."""
        async with anyio.create_task_group() as tasks:
            for keeper in self._keepers:
                tasks.start_soon(keeper.run)

    async def ready(self) -> None:
        """A turn begins: wait until each server is there or has failed. Only the first turn waits long."""
        for keeper in self._keepers:
            keeper.want()
        with anyio.move_on_after(0.0 if self._waited else self._start_seconds):
            for keeper in self._keepers:
                await keeper.settled.wait()
        self._waited = True

    def functions(self) -> list[ExtraFunction]:
        """A function for each tool of each server that is there."""
        return self._functions

    def news(self) -> list[str]:
        """Sentences for the user that were not given before: what failed, what is not there yet."""
        found = [sentence for keeper in self._keepers if (sentence := _sentence(keeper)) and sentence not in self._told]
        self._told.update(found)
        return found

    def status(self) -> list[str]:
        """A line for each server: "weather: ready, 3 tools"."""
        return [_status(keeper) for keeper in self._keepers]

    def _changed(self) -> None:
        self._functions = extra_functions([(keeper, tool) for keeper in self._keepers for tool in keeper.tools])
        self.on_change()


def _labels(servers: Sequence[ServerConfig]) -> list[str]:
    """A name for each server that no other has, without the dot that divides it from its tools in a rule."""
    labels: list[str] = []
    for server in servers:
        plain = "".join(char if char.isprintable() and char != "." else "_" for char in server.name)[:60]
        labels.append(unique(plain.strip() or "unnamed", labels))
    return labels


def _sentence(keeper: Keeper) -> str:
    if keeper.state == "starting" and keeper.problem:
        return f"{keeper.problem} It is being started again."
    if keeper.state == "starting":
        return f"The MCP server {keeper.label!r} is still starting; its tools come when it is there."
    return keeper.problem


def _status(keeper: Keeper) -> str:
    if keeper.state == "ready":
        count = len(keeper.tools)
        return f"{keeper.label}: ready, {count} tool{'' if count == 1 else 's'}"
    return f"{keeper.label}: {'starting' if keeper.state == 'starting' else keeper.problem}"
