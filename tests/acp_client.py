"""An editor in miniature, over the Python SDK's client side: what the integration suite talks to the agent with.

It serves files and terminals as far as its capabilities say (real files, real processes), answers permission requests
by a policy, and keeps everything that passed, so that a test can read a conversation afterwards.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from acp import RequestError
from acp.client.connection import ClientSideConnection
from acp.schema import (
    ClientCapabilities,
    ElicitationCapabilities,
    ElicitationFormCapabilities,
    FileSystemCapabilities,
    InitializeResponse,
    TextContentBlock,
)

from tests.agent_process import AgentProcess, spawn_process
from tests.fakes import ClientError, FakeClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from acp.schema import PromptResponse, ToolCallUpdate

NOTHING = ClientCapabilities(fs=FileSystemCapabilities(read_text_file=False, write_text_file=False), terminal=False)
FILES = ClientCapabilities(fs=FileSystemCapabilities(read_text_file=True, write_text_file=True), terminal=False)
FORMS = ClientCapabilities(
    fs=FileSystemCapabilities(read_text_file=False, write_text_file=False),
    terminal=False,
    elicitation=ElicitationCapabilities(form=ElicitationFormCapabilities()),
)
TERMINALS = ClientCapabilities(fs=FileSystemCapabilities(read_text_file=False, write_text_file=False), terminal=True)

Policy = "str | Callable[[dict[str, Any]], str]"
"""The id of the option to choose, "cancelled", or "never" to leave the question open; or a function of the request."""


class Update(NamedTuple):
    """One `session/update`, and when it came (monotonic seconds)."""

    at: float
    data: dict[str, Any]


@dataclass
class Call:
    """A tool call as a client shows it: the last value of each field, and every status it had, in order."""

    id: str
    statuses: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    updates: list[Update] = field(default_factory=list)

    def apply(self, update: Update) -> None:
        """Take an update in."""
        self.updates.append(update)
        self.fields |= {name: value for name, value in update.data.items() if name != "sessionUpdate"}
        if "status" in update.data and update.data["status"] not in self.statuses[-1:]:
            self.statuses.append(update.data["status"])

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    @property
    def status(self) -> str:
        """The last one."""
        return self.statuses[-1]

    @property
    def meta(self) -> dict[str, Any]:
        """Our own facts of an external call."""
        return self.fields["_meta"]["punie.dev/call"]

    @property
    def texts(self) -> str:
        """What its text content shows."""
        return "\n".join(
            item["content"]["text"] for item in self.fields.get("content", []) if item["type"] == "content"
        )

    @property
    def diffs(self) -> list[dict[str, Any]]:
        """What its diffs show."""
        return [item for item in self.fields.get("content", []) if item["type"] == "diff"]


class AcpClient:
    """A client with one agent. `allow` is the policy for permission requests; it may be changed at any time."""

    def __init__(self, process: AgentProcess, capabilities: ClientCapabilities, allow: Policy) -> None:
        self.process = process
        self.allow: Policy = allow
        self.questions: list[dict[str, Any]] = []  # those that it has put to its user
        self._asked: dict[tuple[str, str], dict[str, Any]] = {}  # those that have come, by session and tool call
        self.editor = FakeClient()  # its buffers and terminals
        self.answers_cancel = (
            True  # whether questions that are open are answered `cancelled` on a cancel, as they must be
        )
        self.initialized: InitializeResponse
        self._capabilities = capabilities
        self._parsed = 0  # updates that the SDK has understood
        self._updates = 0  # updates among the first `_counted` lines
        self._counted = 0
        self._end: int | None = None  # the lines from here on do not count
        self._messages: dict[str | None, list[tuple[float, str, dict[str, Any]]]] = {}  # by session, of `_sorted` lines
        self._sorted = 0
        self._news = asyncio.Event()
        self._open_questions: dict[asyncio.Future[str], str] = {}
        self.forms: list[dict[str, Any]] = []  # the forms that it was sent
        self.fill: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {"action": "cancel"}  # how it answers them
        self._connection = ClientSideConnection(lambda _: _Handlers(self), _Tap(self), use_unstable_protocol=True)

    async def initialize(self) -> None:
        """Say who we are."""
        self.initialized = await self._connection.initialize(1, self._capabilities)

    async def close(self) -> None:
        """Give up the connection, and what was started for the agent."""
        for terminal in self.editor.terminals.values():
            terminal.close()
        for question in self._open_questions:
            question.cancel()
        with suppress(TimeoutError):  # `check` will say it
            await self.until(self._has_parsed_all, timeout=5)
        self._end = len(self.process.lines)  # the SDK drops what comes from here on
        await self._connection.close()

    # What a user does.

    async def new_session(self, cwd: Path, mode: str | None = None) -> str:
        """Open a session in `cwd`; its id."""
        session = (await self._connection.new_session(str(cwd), mcp_servers=[])).session_id
        if mode is not None:
            await self.set_mode(session, mode)
        return session

    async def set_mode(self, session: str, mode: str) -> None:
        """Change the session's mode."""
        await self._connection.set_session_mode(session, mode)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Any request, and its result. Raises `RequestError`."""
        return await self._connection._conn.send_request(method, params)

    async def load(self, session: str, cwd: Path, **params: Any) -> dict[str, Any]:
        """Open a stored session and be told its conversation."""
        return await self.ask("session/load", sessionId=session, cwd=str(cwd), mcpServers=[], **params)

    async def prompt(self, session: str, prompt: str | list[Any], seconds: float = 60) -> PromptResponse:
        """Run a turn, which may take `seconds`."""
        blocks = [TextContentBlock(type="text", text=prompt)] if isinstance(prompt, str) else prompt
        async with asyncio.timeout(seconds):
            return await self._connection.prompt(session, blocks)

    async def run(self, session: str, *programs: str) -> PromptResponse:
        """Have the echoing model run `programs`."""
        return await self.prompt(session, programs_prompt(*programs))

    async def play(self, session: str, *responses: object) -> PromptResponse:
        """Have the prompted model give `responses`, in the form of tests/scripted.py."""
        return await self.prompt(session, json.dumps(responses))

    def start(self, session: str, prompt: str) -> asyncio.Task[PromptResponse]:
        """Begin a turn, to do something else meanwhile."""
        return asyncio.create_task(self.prompt(session, prompt))

    async def cancel(self, session: str) -> None:
        """Cancel the turn."""
        await self._connection.cancel(session)
        if self.answers_cancel:
            for question in [q for q, owner in self._open_questions.items() if owner == session and not q.done()]:
                question.set_result("cancelled")

    # What can be read of a conversation.

    def messages(self, session: str) -> list[tuple[float, str, dict[str, Any]]]:
        """All messages about `session`: when, who sent it, what."""
        for line in self.process.lines[self._sorted :]:
            message = json.loads(line.data)
            owner = (message.get("params") or {}).get("sessionId")
            self._messages.setdefault(owner, []).append((line.at, line.sender, message))
        self._sorted = len(self.process.lines)
        return list(self._messages.get(session, []))

    def updates(self, session: str) -> list[Update]:
        """The session's updates, in the order in which they came."""
        return [
            Update(at, message["params"]["update"])
            for at, _, message in self.messages(session)
            if message["method"] == "session/update"
        ]

    def all_calls(self, session: str) -> dict[str, Call]:
        """Tool calls by their ids, in the order in which they were announced."""
        calls: dict[str, Call] = {}
        for update in self.updates(session):
            if update.data["sessionUpdate"] in ("tool_call", "tool_call_update"):
                call_id = update.data["toolCallId"]
                calls.setdefault(call_id, Call(call_id)).apply(update)
        return calls

    def programs(self, session: str) -> list[Call]:
        """The programs among them."""
        return [call for call_id, call in self.all_calls(session).items() if call_id.count("/") == 1]

    def calls(self, session: str) -> list[Call]:
        """The external calls among them."""
        return [call for call_id, call in self.all_calls(session).items() if call_id.count("/") == 2]

    def text(self, session: str) -> str:
        """All that the agent has answered."""
        return "".join(self._chunks(session, "agent_message_chunk"))

    def thoughts(self, session: str) -> str:
        """All that it said beside the answer."""
        return "".join(self._chunks(session, "agent_thought_chunk"))

    def kinds(self, session: str, kind: str) -> list[dict[str, Any]]:
        """The updates of one kind."""
        return [update.data for update in self.updates(session) if update.data["sessionUpdate"] == kind]

    def shown(self, session: str) -> dict[str, Any]:
        """What a client shows of the conversation, however it was told: messages, calls, plan, title, usage."""
        shown: dict[str, Any] = {"messages": {}, "calls": {}}
        for update in (update.data for update in self.updates(session)):
            kind = update["sessionUpdate"]
            if kind in ("agent_message_chunk", "agent_thought_chunk"):
                key = kind, update["messageId"]
                shown["messages"][key] = shown["messages"].get(key, "") + update["content"]["text"]
            elif kind in ("plan", "session_info_update", "usage_update"):
                shown[kind] = {name: value for name, value in update.items() if name != "updatedAt"}
        for call in self.all_calls(session).values():
            shown["calls"][call.id] = call.fields
        return shown

    def _chunks(self, session: str, kind: str) -> list[str]:
        return [u.data["content"]["text"] for u in self.updates(session) if u.data["sessionUpdate"] == kind]

    async def until(self, condition: Callable[[], Any], timeout: float = 20) -> Any:
        """Wait until `condition` is true of what has come. Its value."""
        async with asyncio.timeout(timeout):
            while not (value := condition()):
                self._news.clear()
                with suppress(TimeoutError):  # not everything that a condition looks at comes over the wire
                    await asyncio.wait_for(self._news.wait(), 0.05)
        return value

    # What the agent asks.

    async def answer_question(self, session: str, call: str) -> dict[str, Any]:
        """The outcome for the question about `call`."""
        request = self._asked.pop((session, call))
        self.questions.append(request)
        self._news.set()
        choice = self.allow if isinstance(self.allow, str) else self.allow(request)
        if choice == "never":
            question = asyncio.get_running_loop().create_future()
            self._open_questions[question] = session
            choice = await question
        if choice == "cancelled":
            return {"outcome": {"outcome": "cancelled"}}
        return {"outcome": {"outcome": "selected", "optionId": choice}}

    def note(self, message: dict[str, Any]) -> None:
        """A message has come."""
        if message.get("method") == "session/request_permission":
            params = message["params"]
            self._asked[params["sessionId"], params["toolCall"]["toolCallId"]] = params
        if message.get("method") == "elicitation/create":
            self.forms.append(message["params"])
        self._news.set()

    def note_parsed(self) -> None:
        """The SDK has understood an update."""
        self._parsed += 1

    def check(self) -> None:
        """Nothing that passed was wrong, and the SDK understood every update."""
        self.process.check_wire()
        assert self._has_parsed_all()

    def _has_parsed_all(self) -> bool:
        """Whether the SDK has understood every update that has come."""
        new = self.process.lines[self._counted : self._end]
        self._counted += len(new)
        self._updates += sum(b'"session/update"' in line.data for line in new if line.sender == "agent")
        return self._parsed == self._updates


def programs_prompt(*programs: str) -> str:
    """A prompt that has the echoing model write `programs`."""
    return "\n".join(f"````python\n{program}\n````" for program in programs)


class _Tap:
    """The SDK's transport: our process, whose lines are kept."""

    def __init__(self, client: AcpClient) -> None:
        self._client = client

    async def send(self, message: dict[str, Any]) -> None:
        await self._client.process.send(message)

    async def receive(self) -> dict[str, Any] | None:
        while line := await self._client.process.receive(timeout=None):
            try:
                message = json.loads(line)
            except ValueError:
                continue  # `check` will say it
            self._client.note(message)
            if message.get("method") != "$/cancel_request":  # the SDK does not know it; our answers need no reminder
                return message
        return None

    async def close(self) -> None:
        """The process closes its pipes itself."""


class _Handlers:
    """The methods that the SDK's router looks for."""

    def __init__(self, client: AcpClient) -> None:
        self._client = client

    async def session_update(self, session_id: str, update: object, **_: Any) -> None:
        self._client.note_parsed()

    async def request_permission(self, session_id: str, tool_call: ToolCallUpdate, **_: Any) -> dict[str, Any]:
        return await self._client.answer_question(session_id, tool_call.tool_call_id)

    async def create_elicitation(self, **_: Any) -> dict[str, Any]:
        return self._client.fill(self._client.forms[-1])

    async def read_text_file(self, session_id: str, path: str, **_: Any) -> Any:
        return await self._serve("fs/read_text_file", path=path, session=session_id)

    async def write_text_file(self, session_id: str, path: str, content: str, **_: Any) -> Any:
        await self._serve("fs/write_text_file", path=path, content=content, session=session_id)
        return {}

    async def create_terminal(self, session_id: str, **params: Any) -> Any:
        given = {"command": params["command"], "args": params["args"], "cwd": params["cwd"]}
        environment = [{"name": item.name, "value": item.value} for item in params["env"]]
        limit = params["output_byte_limit"]
        return await self._serve("terminal/create", **given, env=environment, outputByteLimit=limit, session=session_id)

    async def terminal_output(self, session_id: str, terminal_id: str, **_: Any) -> Any:
        return await self._serve("terminal/output", terminalId=terminal_id, session=session_id)

    async def wait_for_terminal_exit(self, session_id: str, terminal_id: str, **_: Any) -> Any:
        return await self._serve("terminal/wait_for_exit", terminalId=terminal_id, session=session_id)

    async def kill_terminal(self, session_id: str, terminal_id: str, **_: Any) -> Any:
        return await self._serve("terminal/kill", terminalId=terminal_id, session=session_id)

    async def release_terminal(self, session_id: str, terminal_id: str, **_: Any) -> Any:
        return await self._serve("terminal/release", terminalId=terminal_id, session=session_id)

    async def _serve(self, method: str, *, session: str, **params: Any) -> Any:
        try:
            return await self._client.editor.request(method, {"sessionId": session, **params})
        except ClientError as error:
            raise RequestError(error.code, error.message) from error


@asynccontextmanager
async def spawn_agent(
    home: Path,
    *,
    capabilities: ClientCapabilities = NOTHING,
    allow: Policy = "allow_once",
    **how: Any,
):
    """An initialized client of a new agent (`how`: see `spawn_process`). On leaving, the wire is checked."""
    async with spawn_process(home, **how) as process:
        client = AcpClient(process, capabilities, allow)
        try:
            await client.initialize()
            yield client
        finally:
            await client.close()
        client.check()
