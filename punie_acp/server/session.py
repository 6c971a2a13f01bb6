"""One conversation with one client: what was chosen in it, what the model knows of it, and its prompts, one by one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import anyio

from punie_acp.protocol.errors import INTERNAL_ERROR, RpcError
from punie_acp.server.background import Background
from punie_acp.server.commands import commands_update
from punie_acp.server.config import Options, config_options, mode_state, offered_models
from punie_acp.server.permissions import ANSWERS, Permissions
from punie_acp.server.rules import RuleBook
from punie_acp.server.titles import title_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from acp import schema
    from pydantic_ai.messages import ModelMessage

    from punie_acp.agent.models import Models
    from punie_acp.codemode.functions import Place
    from punie_acp.mcp_servers.config import ServerConfig
    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params
    from punie_acp.protocol.peer import Peer
    from punie_acp.server.client import Client
    from punie_acp.server.config import OptionId
    from punie_acp.server.permissions import Answer
    from punie_acp.server.prompts import PromptBlock
    from punie_acp.server.store.base import SessionRecord, Store
    from punie_acp.settings import Settings
    from punie_acp.workspace.base import Workspace

Result = TypeVar("Result")

SECONDS_BEFORE_WORK = 0.02
NAMES_ARE_LOST = "This session was restored: what earlier programs have defined is gone."
COMPACTED_PARTS = 4  # `/compact` leaves one of so many parts of the context


@dataclass(frozen=True, slots=True)
class Services:
    """What the sessions of a connection share."""

    settings: Settings
    peer: Peer
    client: Client
    store: Store
    models: Models


@dataclass(frozen=True, slots=True)
class _Asking:
    """A question to the user that a prompt takes back."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)


class Session:
    """A session that is open here. The store is the truth: another process may have the same session open."""

    def __init__(
        self,
        record: SessionRecord,
        services: Services,
        workspace: Workspace,
        servers: tuple[ServerConfig, ...] = (),
    ) -> None:
        """`servers` are the MCP servers that are to run while the session is open."""
        self.services = services
        self.workspace = workspace
        self.record = record
        self.options = Options.of_record(record, services.settings)
        self.settings = self.options.limits(services.settings)
        self.permissions = Permissions(self.options.mode, RuleBook(workspace.roots, services.store))
        self.background = Background(self, servers)
        self.tool_place: Place | None = None  # where its typed tools look and write
        self.is_replaced = False  # opened anew: the client is told of it there, from the beginning
        self.is_alive = False  # whether `live` has been started
        self.last_turn = 0  # the number of the last turn whose history we have
        self.news: list[str] = []  # what the model must be told with the next prompt, because its history says else
        self._history: list[ModelMessage] = []
        self._untold_title = False
        self._turn_lock = anyio.Lock()
        self._turn_scopes: set[anyio.CancelScope] = set()
        self._asking: _Asking | None = None  # a question that is open, though no turn runs
        self._life = anyio.CancelScope()
        self._ended = anyio.Event()

    @property
    def session_id(self) -> str:
        """Its id, for the client and the store."""
        return self.record.session_id

    # From opening to closing.

    async def live(self) -> None:
        """Run what the session needs in the background, until `end` or until the caller is cancelled.

        Waits a moment first: the client is to have its answer, which slow imports would hold up.
        """
        try:
            with self._life:
                await anyio.sleep(SECONDS_BEFORE_WORK)
                with suppress(anyio.BrokenResourceError):  # the client has gone already
                    await self.tell(commands_update())
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._offer_to_go_on)
                    await self.background.run()
        finally:
            self._ended.set()

    async def _offer_to_go_on(self) -> None:
        if self.services.store.snapshot(self.session_id) is None:
            return
        await self.background.imported.wait()
        from punie_acp.server.resuming import offer

        with suppress(anyio.BrokenResourceError):
            await offer(self)

    async def end(self) -> None:
        """End the turns, then all that runs for the session. What is stored stays."""
        self.cancel()
        async with self._turn_lock:  # until the turns have ended
            self._life.cancel()
        if self.is_alive:
            await self._ended.wait()

    # Prompts.

    async def prompt(self, blocks: Sequence[PromptBlock]) -> Params:
        """Run one turn: the result of `session/prompt`. `cancelled` where `cancel` ended it. Raises `RpcError`."""
        from punie_acp.server.turn import run_prompt

        if self._asking is not None:
            self._asking.scope.cancel()
            await self._asking.ended.wait()
        return await self.in_turn(lambda: run_prompt(self, blocks)) or {"stopReason": "cancelled"}

    async def in_turn(self, work: Callable[[], Awaitable[Result]]) -> Result | None:
        """Do `work` as one of the turns, of which one runs at a time. None where `cancel` ended it."""
        with anyio.CancelScope() as scope:
            self._turn_scopes.add(scope)
            try:
                async with self._turn_lock:
                    return await work()
            finally:
                self._turn_scopes.discard(scope)
        return None

    async def while_unprompted(
        self, question: Callable[[], Awaitable[Result]], otherwise: Callable[[], Awaitable[None]]
    ) -> Result | None:
        """Wait for the answer to `question` until a prompt comes, which begins when `otherwise` has been done.

        `otherwise` is done where the answer is None as well.
        """
        asking = self._asking = _Asking()
        answer: Result | None = None
        try:
            with asking.scope:
                answer = await question()
            if answer is None:
                await otherwise()
        finally:
            self._asking = None
            asking.ended.set()
        return answer

    async def imported(self) -> bool:
        """Wait until a turn needs no slow import any more: in the event loop, those would hold up a cancel.

        False where `cancel` ended the wait.
        """
        with anyio.CancelScope() as scope:
            self._turn_scopes.add(scope)
            try:
                await self.background.imported.wait()
            finally:
                self._turn_scopes.discard(scope)
        return not scope.cancelled_caught

    def cancel(self) -> None:
        """End the running turn and those that wait behind it."""
        for scope in self._turn_scopes:
            scope.cancel()

    def next_turn(self) -> int:
        """The number of the turn that is to begin. Raises `RpcError` where another process runs one of this session."""
        turns = self.services.store.turns(self.session_id)
        if turns and turns[-1].state == "running":
            raise RpcError(INTERNAL_ERROR, "this session runs a turn in another window; wait for its end, or fork it")
        return turns[-1].number + 1 if turns else 1

    # What the model knows.

    def history(self, turn: int) -> list[ModelMessage]:
        """The conversation before `turn`; from the store where a turn was made elsewhere. Raises `RpcError`."""
        from punie_acp.agent.history import complete_messages, read_history

        if self.last_turn not in (turn - 1, turn):
            stored = self.services.store.history(self.session_id)
            try:
                self._history = complete_messages(read_history(stored)) if stored else []
            except ValueError as error:
                raise RpcError(INTERNAL_ERROR, f"what the model knew of this session is unreadable: {error}") from error
            self.news = [NAMES_ARE_LOST] if self._history else []
        self.last_turn = turn
        return self._history

    def compact(self) -> tuple[int, int]:
        """Drop the oldest turns of what the model knows: how many turns it knew before, and how many it knows now."""
        from punie_acp.agent.history import compacted, turns_in

        turn = self.services.store.turns(self.session_id)[-1].number
        history = self.history(turn)
        kept = compacted(history, self.settings.context_tokens // COMPACTED_PARTS)
        if len(kept) < len(history):
            self.remember(kept, turn)
        return turns_in(history), turns_in(kept)

    def pass_over(self, turn: int) -> None:
        """Note a turn that the model does not hear of."""
        if self.last_turn == turn - 1:
            self.last_turn = turn

    def remember(self, messages: list[ModelMessage], turn: int) -> None:
        """Keep the conversation, here and in the store."""
        from punie_acp.agent.history import write_history

        self._history = messages
        self.services.store.save_history(self.session_id, turn, write_history(messages))

    # What the user chose.

    async def choose(self, option: OptionId, value: str | bool, *, tell_options: bool = True) -> None:
        """Change an option, in the store and here, and tell the client. Raises `RpcError` for a model that fails."""
        if option == "model" and not self._turn_lock.locked():
            async with self._turn_lock:  # a prompt that comes meanwhile is for the new model
                await self.load_model(str(value))
        self._apply(self.options.with_choice(option, value))
        if option == "mode":
            await self.tell({"sessionUpdate": "current_mode_update", "currentModeId": self.options.mode})
        if tell_options:
            await self.tell({"sessionUpdate": "config_option_update", "configOptions": self.config_options()})

    def _apply(self, options: Options) -> None:
        self.record = self.services.store.change_session(self.session_id, **options.as_changes())
        self.options = options
        self.settings = options.limits(self.services.settings)
        self.permissions.mode = options.mode

    async def load_model(self, name: str) -> None:
        """Have a model loaded before it is needed. Raises `RpcError` where it fails."""
        from punie_acp.agent.models import ModelUnavailableError

        await self.background.imported.wait()
        try:
            await self.services.models.get(name)
        except ModelUnavailableError as error:
            raise RpcError(INTERNAL_ERROR, str(error)) from error

    def config_options(self) -> list[JsonValue]:
        """All config options with their values."""
        models = offered_models(self.services.settings, self.options.model)
        return config_options(self.options, self.services.client, models)

    def choices(self) -> Params:
        """What every response that opens a session says of them."""
        return {"modes": mode_state(self.options.mode), "configOptions": self.config_options()}

    # What the client is told and asked.

    async def tell(self, update: Params) -> None:
        """Send a session update, waiting while the client does not read."""
        if self.is_replaced:
            return
        await self.services.peer.notify("session/update", {"sessionId": self.session_id, "update": update})

    def entitle(self, prompt: Sequence[JsonValue]) -> None:
        """Give the session a title, if it has none, after a prompt that is about to be answered."""
        if self.record.title is None:
            self.record = self.services.store.change_session(self.session_id, title=title_of(prompt))
            self._untold_title = True

    async def tell_title(self) -> None:
        """Tell the client of a new title, once."""
        if self._untold_title:
            self._untold_title = False
            await self.tell(self.info_update())

    def info_update(self) -> Params:
        """The session's title and when it was changed, as an update."""
        record = self.record
        return {"sessionUpdate": "session_info_update", "title": record.title, "updatedAt": record.updated}

    async def request_permission(self, request: schema.RequestPermissionRequest) -> Answer:
        """Put a question to the user. A client that cannot ask counts as one whose user did not allow it."""
        return ANSWERS.get(await self.request_choice(request) or "", "cancelled")

    async def request_choice(self, request: schema.RequestPermissionRequest) -> str | None:
        """Put a question to the user: the id of the option that was chosen, or None."""
        from acp.schema import AllowedOutcome, RequestPermissionResponse

        params: Params = request.model_dump(mode="json", by_alias=True, exclude_none=True)
        try:
            answer = await self.services.peer.request("session/request_permission", params)
            outcome = RequestPermissionResponse.model_validate(answer).outcome
        except (RpcError, ValueError):
            return None
        return outcome.option_id if isinstance(outcome, AllowedOutcome) else None
