"""What a session keeps running behind its turns: slow imports, the sandbox, MCP servers, the model while it loads."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from punie_acp.server.mcp import start_servers
from punie_acp.server.undo import kept_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.codemode.extra import ExtraFunction
    from punie_acp.codemode.sandbox import Sandbox
    from punie_acp.mcp_servers.config import ServerConfig
    from punie_acp.mcp_servers.servers import McpServers
    from punie_acp.server.session import Session


class Background:
    """Lives as long as its session is open."""

    def __init__(self, session: Session, servers: tuple[ServerConfig, ...]) -> None:
        self._session = session
        self._servers = servers
        self.mcp: McpServers | None = None  # once they are being started
        self._sandbox: Sandbox | None = None
        self._sandbox_failure: Exception | None = None
        self._sandbox_settled = anyio.Event()
        self.overview = (
            ""  # of what the project has when the session begins; the model reads it before the first prompt
        )
        self._tools: Sequence[ExtraFunction] = ()  # by what the project has when the session begins
        self.imported = anyio.Event()  # when a turn needs no slow import any more

    async def run(self) -> None:
        """Keep the sandbox open until the caller is cancelled, and load the model meanwhile."""
        await anyio.to_thread.run_sync(_import_what_a_turn_needs, abandon_on_cancel=True)
        self._tools = await anyio.to_thread.run_sync(_tools_of, self._session, abandon_on_cancel=True)
        self.overview = await _overview_of(self._session)
        self.mcp = start_servers(self._servers, self._session.workspace.root, self._session.settings)
        self.imported.set()
        async with anyio.create_task_group() as tasks:
            if self.mcp is not None:
                tasks.start_soon(self.mcp.run)
            tasks.start_soon(self._preload)
            await self._keep_sandbox()

    async def sandbox(self) -> Sandbox:
        """The session's sandbox, once it is there and its MCP servers are. Raises what kept it from starting."""
        await self._sandbox_settled.wait()
        if self.mcp is not None:
            await self.mcp.ready()
        if self._sandbox is None:
            raise RuntimeError(f"the sandbox did not start: {self._sandbox_failure}")
        return self._sandbox

    async def _keep_sandbox(self) -> None:
        from punie_acp.agent.turn import program_limits
        from punie_acp.codemode.sandbox import Sandbox

        session = self._session
        limits, outputs = program_limits(session.settings), kept_outputs(session.record, session.settings)
        try:
            async with Sandbox(session.workspace, limits, outputs=outputs) as self._sandbox:
                self._take_functions()
                if self.mcp is not None:
                    self.mcp.on_change = self._take_functions
                self._sandbox_settled.set()
                await anyio.sleep_forever()
        except Exception as failure:  # noqa: BLE001 - the prompts that wait for it must hear of any
            self._sandbox_failure = failure
            self._sandbox_settled.set()

    def _take_functions(self) -> None:
        """Servers have come or gone: programs that begin from now on have their functions, or have them no more."""
        if self._sandbox is not None:
            self._sandbox.set_extra(self._functions())

    def _functions(self) -> list[ExtraFunction]:
        """What programs of this session may call beside what all may. Of two with one name, ours counts."""
        from punie_acp.server.elicitation import question_functions

        session, services = self._session, self._session.services
        asking = question_functions(services.peer, session.session_id, services.client.capabilities)
        functions = [*(self.mcp.functions() if self.mcp is not None else ()), *self._tools, *asking]
        return list({function.name: function for function in functions}.values())

    async def _preload(self) -> None:
        """Load the model, and have it read the instructions, before the first prompt comes."""
        from punie_acp.agent.agent import warm
        from punie_acp.agent.models import ModelUnavailableError
        from punie_acp.codemode.extra import ExtraFunctions
        from punie_acp.inference.types import EngineError

        session = self._session
        try:
            async with session.services.models.using(session.options.model) as ready:
                if ready.is_local:
                    extra = ExtraFunctions.of(self._functions())
                    style = session.settings.tools
                    await warm(
                        ready.model,
                        cache_key=session.session_id,
                        extra=extra,
                        style=style,
                        overview=self.overview,
                    )
        except (ModelUnavailableError, EngineError):
            return  # the first prompt meets the same error, and has somebody to tell


def _tools_of(session: Session) -> Sequence[ExtraFunction]:
    """The typed tools that the session's project has. It looks into the project's folders, so in a thread."""
    from punie_acp.codemode.functions import Place
    from punie_acp.codemode.tools.detecting import find_tools
    from punie_acp.codemode.tools.functions import tool_functions

    place = session.tool_place = Place(session.workspace, session.settings.command_seconds)
    return tool_functions(place, find_tools(session.workspace.root))


async def _overview_of(session: Session) -> str:
    """What the session's project has, or nothing where that cannot be seen."""
    from punie_acp.workspace.overview import overview

    try:
        return await overview(session.workspace, session.settings.overview_characters)
    except OSError:
        return ""


def _import_what_a_turn_needs() -> None:
    """Seconds of imports, in a thread and after the request that opened the session has been answered."""
    for module in ("agent.models", "codemode.sandbox", "server.prompts", "server.turn", "server.elicitation"):
        importlib.import_module(f"punie_acp.{module}")
