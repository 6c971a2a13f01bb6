"""The conversation of js/conversation.mjs, with the official Python SDK.

    python python_conversation.py FOLDER AGENT ARGUMENT…

It prints what each step brought as one JSON object; test_sdks.py says what that must be. The client's files and
terminals are those of tests/fakes.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import acp
from acp.schema import ClientCapabilities, Implementation, TextContentBlock

from tests.fakes import ClientError, FakeClient

OFFERED = {
    "fs": {"readTextFile": True, "writeTextFile": True},
    "terminal": True,
    "auth": {"terminal": True},
    "session": {"configOptions": {"boolean": {}}},
    "elicitation": {"form": {}},
}


class Editor:
    """The handlers of the SDK's client. What it is asked and told it keeps."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.answer = "allow_once"
        self.news = asyncio.Event()
        self._desk = FakeClient()

    async def session_update(self, session_id, update, **_):
        self.updates.append(update.model_dump(mode="json", by_alias=True, exclude_none=True))
        self.news.set()

    async def request_permission(self, session_id, tool_call, options, **_):
        self.asked.append("session/request_permission")
        chosen = next((option.option_id for option in options if option.kind == self.answer), None)
        outcome = {"outcome": "selected", "optionId": chosen} if chosen else {"outcome": "cancelled"}
        return acp.RequestPermissionResponse.model_validate({"outcome": outcome})

    async def read_text_file(self, session_id, path, line=None, limit=None, **_):
        return await self._serve("fs/read_text_file", session_id, path=path)

    async def write_text_file(self, session_id, path, content, **_):
        await self._serve("fs/write_text_file", session_id, path=path, content=content)
        return {}

    async def create_terminal(self, session_id, command, args=None, env=None, cwd=None, output_byte_limit=None, **_):
        variables = [{"name": item.name, "value": item.value} for item in env or []]
        given = {"command": command, "args": args or [], "env": variables, "cwd": cwd}
        return await self._serve("terminal/create", session_id, **given, outputByteLimit=output_byte_limit)

    async def terminal_output(self, session_id, terminal_id, **_):
        return await self._serve("terminal/output", session_id, terminalId=terminal_id)

    async def wait_for_terminal_exit(self, session_id, terminal_id, **_):
        return await self._serve("terminal/wait_for_exit", session_id, terminalId=terminal_id)

    async def kill_terminal(self, session_id, terminal_id, **_):
        return await self._serve("terminal/kill", session_id, terminalId=terminal_id)

    async def release_terminal(self, session_id, terminal_id, **_):
        return await self._serve("terminal/release", session_id, terminalId=terminal_id)

    async def _serve(self, method, session_id, **params):
        self.asked.append(method)
        try:
            return await self._desk.request(method, {"sessionId": session_id, **params})
        except ClientError as error:
            raise acp.RequestError(error.code, error.message) from error

    async def until_call_runs(self):
        """Wait until an external call has begun."""
        seen = len(self.updates)
        while not any(_runs(update) for update in self.updates[seen:]):
            self.news.clear()
            await self.news.wait()


def _runs(update):
    return update.get("status") == "in_progress" and update["toolCallId"].count("/") == 2


def program(*lines):
    return [TextContentBlock(type="text", text="\n".join(["````python", *lines, "````"]))]


class Conversation:
    """The steps, and what they brought in `report`."""

    def __init__(self, editor, agent, cwd):
        self.report: dict[str, Any] = {}
        self._editor, self._agent, self._cwd = editor, agent, cwd
        self._session = ""

    async def step(self, name, request):
        """The result of `request`, or the error that was answered."""
        try:
            result = await request
        except acp.RequestError as error:
            self.report[name] = {"error": {"code": error.code, "message": str(error)}}
            return None
        dumped = (
            result.model_dump(mode="json", by_alias=True, exclude_none=True)
            if hasattr(result, "model_dump")
            else result
        )
        self.report[name] = dumped or {}
        return result

    async def told(self, name, request):
        """The same, with what was heard meanwhile."""
        updates, asked = len(self._editor.updates), len(self._editor.asked)
        await self.step(name, request)
        news = self._editor.updates[updates:]
        self.report[name] |= {
            "answer": _text(news, "agent_message_chunk"),
            "user": _text(news, "user_message_chunk"),
            "kinds": sorted({update["sessionUpdate"] for update in news}),
            "asked": self._editor.asked[asked:],
        }

    def prompt(self, *lines, session=None):
        return self._agent.prompt(session_id=session or self._session, prompt=program(*lines))

    async def run(self):
        agent, cwd = self._agent, self._cwd
        hello = agent.initialize(
            acp.PROTOCOL_VERSION,
            ClientCapabilities.model_validate(OFFERED),
            Implementation(name="conformance", version="1"),
        )
        welcome = await self.step("initialize", hello)
        methods = welcome.auth_methods or []
        await self.step("authenticate", agent.authenticate(methods[0].id if methods else "none"))
        self._session = (await self.step("new", agent.new_session(cwd, mcp_servers=[]))).session_id
        self.report["sessionId"] = session = self._session
        await self._take_turns(session)
        await self._cancel_two(session)
        await self._list_and_fork(session)
        await self._leave_and_return(session)
        # The SDK's client has no methods for these two.
        await self.step("delete", agent._conn.send_request("session/delete", {"sessionId": session}))
        await self.step("list_after_delete", agent.list_sessions())
        await self.step("logout", agent._conn.send_request("logout", {}))

    async def _take_turns(self, session):
        lines = (
            "print(read_file('README.md'))",
            "write_file('a.txt', 'text of a')",
            "print(run_command('echo ran').stdout)",
        )
        await self.told("turn", self.prompt(*lines))
        self._editor.answer = "reject_once"
        await self.told("rejected", self.prompt("write_file('b.txt', '')"))
        self._editor.answer = "allow_once"
        await self.step("set_mode", self._agent.set_session_mode(session_id=session, mode_id="read-only"))
        await self.told("read_only", self.prompt("write_file('b.txt', '')"))
        changed = self._agent.set_config_option(session_id=session, config_id="mode", value="auto")
        await self.step("set_config_option", changed)
        await self.told("auto", self.prompt("write_file('c.txt', '')"))

    async def _cancel_two(self, session):
        running = asyncio.create_task(self._editor.until_call_runs())
        turn = asyncio.create_task(self.step("cancel", self.prompt("run_command('sleep 60')")))
        await running
        await self._agent.cancel(session_id=session)
        await turn
        running = asyncio.create_task(self._editor.until_call_runs())
        turn = asyncio.create_task(self.step("cancel_request", self.prompt("run_command('sleep 60')")))
        await running
        # The SDK does not send this by itself. Ids count from 0.
        last = self._agent._conn._next_request_id - 1
        await self._agent._conn.send_notification("$/cancel_request", {"requestId": last})
        await turn

    async def _list_and_fork(self, session):
        await self.step("list", self._agent.list_sessions(cwd=self._cwd))
        await self.step("list_elsewhere", self._agent.list_sessions(cwd="/nowhere"))
        forked = await self.step("fork", self._agent.fork_session(session_id=session, cwd=self._cwd, mcp_servers=[]))
        await self.told("forked_turn", self.prompt("print(1 + 1)", session=forked.session_id if forked else "none"))

    async def _leave_and_return(self, session):
        agent, where = self._agent, {"session_id": session, "cwd": self._cwd, "mcp_servers": []}
        await self.step("close", agent.close_session(session_id=session))
        await self.told("closed_turn", self.prompt("print(1)"))
        await self.told("load", agent.load_session(**where))
        await self.told("loaded_turn", self.prompt("print('loaded')"))
        await self.step("close_again", agent.close_session(session_id=session))
        await self.told("resume", agent.resume_session(**where))
        await self.told("resumed_turn", self.prompt("print('resumed')"))


def _text(updates, kind):
    return "".join(update["content"]["text"] for update in updates if update["sessionUpdate"] == kind)


async def main(cwd, *command):
    editor = Editor()
    unstable = {"use_unstable_protocol": True}  # for session/fork
    async with acp.spawn_agent_process(editor, *command, env=dict(os.environ), **unstable) as (agent, _):
        conversation = Conversation(editor, agent, cwd)
        await conversation.run()
    print(json.dumps(conversation.report))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
