"""The sessions of a connection: how one is opened, found, listed and closed.

A session may be open in several connections: the store is the truth, and one turn of it runs at a time. One that is
opened again in the same connection is opened anew; its running turn is cancelled.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from punie_acp.protocol.errors import NOT_FOUND, JsonValue, RpcError
from punie_acp.server import params as given
from punie_acp.server.config import Options
from punie_acp.server.mcp import server_configs
from punie_acp.server.replay import conversation, last_usage, waiting
from punie_acp.server.session import Services, Session
from punie_acp.server.store import open_store
from punie_acp.server.store.base import SessionRecord
from punie_acp.server.undo import close, forget, kept_outputs, recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from punie_acp.agent.models import Models
    from punie_acp.mcp_servers.config import ServerConfig
    from punie_acp.protocol.messages import Params
    from punie_acp.protocol.peer import Peer
    from punie_acp.server.client import Client
    from punie_acp.settings import Settings
    from punie_acp.workspace.base import Workspace

PAGE = 50  # sessions


class Sessions:
    """The methods `session/…` that are about whole sessions. Raises `RpcError`; the store's own errors pass."""

    def __init__(
        self, settings: Settings, peer: Peer, client: Client, tasks: TaskGroup, models: Models | None = None
    ) -> None:
        """`tasks` runs what sessions do in the background; `models` belong to somebody else. Raises `StoreError`."""
        from punie_acp.agent.models import Models as OwnModels

        store = open_store(settings.data_dir / "sessions.db")
        self._owns_models = models is None
        self.services = Services(settings, peer, client, store, models or OwnModels(settings))
        self._tasks = tasks
        self._open: dict[str, Session] = {}
        self.methods: dict[str, Callable[[Params], Awaitable[JsonValue]]] = {
            "session/new": self.new,
            "session/load": self.load,
            "session/resume": self.resume,
            "session/fork": self.fork,
            "session/list": self.list,
            "session/close": self.close,
            "session/delete": self.delete,
        }

    async def close_all(self) -> None:
        """Let go of the model and the store, once nothing of a session runs any more."""
        if self._owns_models:
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await self.services.models.close()
        self.services.store.close()

    def greet(self, client: Client) -> None:
        """The client has introduced itself again: what it says now holds for the sessions it opens from now on."""
        self.services = replace(self.services, client=client)

    def find(self, session_id: JsonValue) -> Session | None:
        """The session, if it is open."""
        return self._open.get(session_id) if isinstance(session_id, str) else None

    def require(self, params: Params) -> Session:
        """The open session that a request is about."""
        session_id = given.text(params, "sessionId")
        session = self._open.get(session_id)
        if session is None and self.services.store.session(session_id) is not None:
            raise RpcError(NOT_FOUND, f"the session {session_id!r} is not open here; load or resume it first")
        if session is None:
            raise RpcError(NOT_FOUND, f"no session {session_id!r}")
        return session

    # The methods.

    async def new(self, params: Params) -> Params:
        """`session/new`."""
        cwd = given.existing_folder(params.get("cwd"), "cwd")
        additional = given.additional_folders(params)
        servers = server_configs(params)
        record = self._new_record(cwd, additional, Options.of_settings(self.services.settings))
        self.services.store.create_session(record)
        return self._opened(self._open_session(record, servers))

    async def load(self, params: Params) -> Params:
        """`session/load`: the conversation is told again before this is answered."""
        session = await self._reopen(params)
        try:
            for update in conversation(self.services.store, session.session_id):
                await session.tell(update)
            if session.record.title is not None:
                await session.tell(session.info_update())
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._end(session)
            raise
        self._begin(session)
        return session.choices()

    async def resume(self, params: Params) -> Params:
        """`session/resume`: as `load`, but the client knows the conversation; it is asked about what waits in it."""
        session = await self._reopen(params)
        usage = last_usage(self.services.store, session.session_id)
        if usage is not None:
            await session.tell(usage)
        for call in waiting(self.services.store, session.session_id):
            await session.tell(call)
        self._begin(session)
        return session.choices()

    async def fork(self, params: Params) -> Params:
        """`session/fork` (unstable): a copy that goes its own way, without a turn that still runs."""
        source = self._stored(params)
        cwd = given.existing_folder(params.get("cwd"), "cwd")
        additional = given.additional_folders(params)
        servers = server_configs(params)
        options = Options.of_record(source, self.services.settings)
        title = None if source.title is None else f"{source.title} (fork)"
        record = self._new_record(cwd, additional, options, title=title, parent=source.session_id)
        self.services.store.fork_session(source.session_id, record)
        return self._opened(self._open_session(record, servers))

    async def list(self, params: Params) -> Params:
        """`session/list`, the one used last first. One in which nothing was asked is listed while it is open here."""
        cwd = params.get("cwd")
        folder = None if cwd is None else str(given.absolute_path(cwd, "cwd"))
        cursor, found = given.optional_text(params, "cursor"), list["JsonValue"]()
        while True:
            page = self.services.store.sessions(cwd=folder, cursor=cursor, limit=PAGE)
            found += [_info(record) for record in page.items if record.title or record.session_id in self._open]
            cursor = page.next_cursor
            if found or cursor is None:
                return {"sessions": found, "nextCursor": cursor} if cursor else {"sessions": found}

    async def close(self, params: Params) -> Params:
        """`session/close`: its turn ends `cancelled`; it stays stored. Does nothing for one that is not open."""
        session = self._open.get(self._stored(params).session_id)
        if session is not None:
            await self._end(session)
        return {}

    async def delete(self, params: Params) -> Params:
        """`session/delete`: as `close`, and nothing of it stays."""
        record = self._stored(params)
        session = self._open.get(record.session_id)
        if session is not None:
            await self._end(session)
        self.services.store.delete_session(record.session_id)
        await anyio.to_thread.run_sync(forget, record, self.services.settings)
        return {}

    # What they share.

    def _stored(self, params: Params) -> SessionRecord:
        session_id = given.text(params, "sessionId")
        record = self.services.store.session(session_id)
        if record is None:
            raise RpcError(NOT_FOUND, f"no session {session_id!r}")
        return record

    def _new_record(
        self,
        cwd: Path,
        additional: tuple[Path, ...],
        options: Options,
        *,
        title: str | None = None,
        parent: str | None = None,
    ) -> SessionRecord:
        return SessionRecord(
            session_id=uuid.uuid4().hex,
            cwd=str(cwd),
            additional_directories=tuple(map(str, additional)),
            title=title,
            mode=options.mode,
            model=options.model,
            options=options.others,
            parent=parent,
        )

    async def _reopen(self, params: Params) -> Session:
        """Open a stored session, in place of the one that may be open here."""
        record = self._stored(params)
        cwd = given.existing_folder(params.get("cwd"), "cwd")
        if str(cwd) != record.cwd:
            raise given.invalid("cwd", f"this session belongs to {record.cwd}")
        additional = tuple(map(str, given.additional_folders(params)))
        servers = server_configs(params)
        if additional != record.additional_directories:
            changed = self.services.store.change_session(record.session_id, additional_directories=additional)
            record = changed
        before = self._open.pop(record.session_id, None)
        if before is not None:
            before.is_replaced = True
            await before.end()
            close(before.workspace)
        return self._open_session(record, servers)

    def _open_session(self, record: SessionRecord, servers: tuple[ServerConfig, ...]) -> Session:
        session = Session(record, self.services, self._workspace(record), servers)
        self._open[record.session_id] = session
        return session

    def _opened(self, session: Session) -> Params:
        """The answer that tells of a new session."""
        self._begin(session)
        return {"sessionId": session.session_id, **session.choices()}

    def _begin(self, session: Session) -> None:
        """Let `session` do its work in the background; it begins a moment after the client has been answered."""
        session.is_alive = True
        self._tasks.start_soon(session.live)

    async def _end(self, session: Session) -> None:
        if self._open.get(session.session_id) is session:
            del self._open[session.session_id]
        await session.end()
        close(session.workspace)

    def _workspace(self, record: SessionRecord) -> Workspace:
        from punie_acp.workspace.editor import EditorWorkspace
        from punie_acp.workspace.local import LocalWorkspace

        more = [Path(folder) for folder in record.additional_directories]
        settings = self.services.settings
        variables, outputs = settings.command_variables.split(), kept_outputs(record, settings)
        local = LocalWorkspace(Path(record.cwd), more, variables=variables, outputs=outputs)
        editor = EditorWorkspace(local, self.services.peer, record.session_id, self.services.client.capabilities)
        return recorded(editor, record, settings)


def _info(record: SessionRecord) -> Params:
    info: Params = {"sessionId": record.session_id, "cwd": record.cwd, "updatedAt": record.updated}
    if record.title is not None:
        info["title"] = record.title
    if record.additional_directories:
        info["additionalDirectories"] = list(record.additional_directories)
    return info
