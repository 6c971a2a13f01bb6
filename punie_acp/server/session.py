"""One conversation with one client: its folders, its mode, its history, and the sandbox that lives as long as it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from punie_acp.protocol.errors import RpcError
from punie_acp.server.permissions import ANSWERS, Permissions
from punie_acp.server.rules import RuleBook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acp import schema
    from pydantic_ai.messages import ModelMessage

    from punie_acp.agent.models import Models
    from punie_acp.codemode.sandbox import Sandbox
    from punie_acp.protocol.peer import Params, Peer
    from punie_acp.server.permissions import Answer
    from punie_acp.server.prompts import PromptBlock
    from punie_acp.server.updates import Update
    from punie_acp.settings import Mode, Settings
    from punie_acp.workspace.base import Workspace


class Session:
    """State that outlives a turn. Prompts of one session run one after another; a cancel ends all that were sent."""

    def __init__(
        self, session_id: str, *, mode: Mode, workspace: Workspace, models: Models, settings: Settings, peer: Peer
    ) -> None:
        self.session_id = session_id
        self.workspace = workspace
        self.models = models
        self.model = settings.model
        self.settings = settings
        self.permissions = Permissions(mode, RuleBook(workspace.roots))
        self.history: list[ModelMessage] = []
        self._peer = peer
        self._turns = 0
        self._turn_lock = anyio.Lock()
        self._turn_scopes: set[anyio.CancelScope] = set()
        self._sandbox: Sandbox | None = None
        self._sandbox_failure: Exception | None = None
        self._sandbox_settled = anyio.Event()
        self._imported = anyio.Event()

    async def live(self) -> None:
        """Keep the sandbox open until the caller is cancelled, and load the model meanwhile."""
        await anyio.to_thread.run_sync(_import_what_a_turn_needs, abandon_on_cancel=True)
        self._imported.set()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._preload)
            await self._keep_sandbox()

    async def imported(self) -> bool:
        """Wait until a turn needs no slow import any more: in the event loop, those would hold up a cancel.

        False where `cancel` ended the wait.
        """
        with anyio.CancelScope() as scope:
            self._turn_scopes.add(scope)
            try:
                await self._imported.wait()
            finally:
                self._turn_scopes.discard(scope)
        return not scope.cancelled_caught

    async def sandbox(self) -> Sandbox:
        """The session's sandbox, once it is there. Raises what kept it from starting."""
        await self._sandbox_settled.wait()
        if self._sandbox is None:
            raise RuntimeError(f"the sandbox did not start: {self._sandbox_failure}")
        return self._sandbox

    async def prompt(self, blocks: Sequence[PromptBlock]) -> schema.PromptResponse:
        """Run one turn. Answers `cancelled` where `cancel` ended it."""
        from acp.schema import PromptResponse

        from punie_acp.server.prompts import prompt_text
        from punie_acp.server.turn import Turn

        text = prompt_text(blocks, self.workspace.root)
        with anyio.CancelScope() as scope:
            self._turn_scopes.add(scope)
            try:
                async with self._turn_lock:
                    self._turns += 1
                    return await Turn(self, self._turns).run(text)
            finally:
                self._turn_scopes.discard(scope)
        return PromptResponse(stop_reason="cancelled")

    def cancel(self) -> None:
        """End the running turn and those that wait behind it."""
        for scope in self._turn_scopes:
            scope.cancel()

    def remember(self, messages: list[ModelMessage]) -> None:
        """Keep the conversation for the next turn."""
        self.history = messages

    async def send(self, update: Update) -> None:
        """Tell the client."""
        params: Params = {"sessionId": self.session_id, "update": _dump(update)}
        await self._peer.notify("session/update", params)

    async def request_permission(self, request: schema.RequestPermissionRequest) -> Answer:
        """Put a question to the user. A client that cannot ask counts as one whose user did not allow it."""
        from acp.schema import AllowedOutcome, RequestPermissionResponse

        try:
            answer = await self._peer.request("session/request_permission", _dump(request))
            outcome = RequestPermissionResponse.model_validate(answer).outcome
        except (RpcError, ValueError):
            return "cancelled"
        if not isinstance(outcome, AllowedOutcome):
            return "cancelled"
        return ANSWERS.get(outcome.option_id, "cancelled")

    async def _keep_sandbox(self) -> None:
        from punie_acp.agent.turn import program_limits
        from punie_acp.codemode.sandbox import Sandbox

        try:
            async with Sandbox(self.workspace, program_limits(self.settings)) as self._sandbox:
                self._sandbox_settled.set()
                await anyio.sleep_forever()
        except Exception as failure:  # noqa: BLE001 - the prompts that wait for it must hear of any
            self._sandbox_failure = failure
            self._sandbox_settled.set()

    async def _preload(self) -> None:
        """Load the model, and have it read the instructions, before the first prompt comes."""
        from punie_acp.agent.agent import warm
        from punie_acp.agent.models import ModelUnavailableError
        from punie_acp.inference.types import EngineError

        try:
            ready = await self.models.get(self.model)
            if ready.is_local:
                await warm(ready.model, settings=self.settings, cache_key=self.session_id)
        except (ModelUnavailableError, EngineError):
            return  # the first prompt meets the same error, and has somebody to tell


def _dump(model: schema.BaseModel) -> Params:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _import_what_a_turn_needs() -> None:
    """Seconds of imports, in a thread and after `session/new` has been answered."""
    for module in ("agent.models", "codemode.sandbox", "server.prompts", "server.turn"):
        importlib.import_module(f"punie_acp.{module}")
