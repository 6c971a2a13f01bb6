"""`punie-acp ask`: one turn in the terminal, through the same server as an editor, drawn with rich."""

from __future__ import annotations

import json as jsonlib
import sys
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from rich.console import Console
from rich.markup import escape
from rich.prompt import Prompt
from rich.syntax import Syntax
from rich.text import Text

from punie_acp.protocol.errors import METHOD_NOT_FOUND, RpcError
from punie_acp.protocol.peer import Peer
from punie_acp.protocol.stdio import memory_pipe
from punie_acp.server.agent import PROTOCOL_VERSION, AcpAgent

if TYPE_CHECKING:
    from pathlib import Path

    from punie_acp.protocol.peer import Incoming, JsonValue, Params
    from punie_acp.settings import Mode, Settings

_MARKS = {"completed": "[green]✓[/]", "failed": "[red]✗[/]"}


async def ask(prompt: str, cwd: Path, settings: Settings, *, json: bool) -> int:
    """Run one turn on the project in `cwd`. Returns the exit code: 0 where the turn ended by itself.

    With `json`, every update and the result are printed as JSON lines. Ctrl-C cancels the turn.
    """
    client = JsonClient() if json else ConsoleClient(settings.mode)
    exit_code = 1
    try:
        exit_code = await _ask(client, prompt, cwd, settings)
    except* SystemExit:  # rich's answer to a pipe that nobody reads any more: `punie-acp ask … | head`
        pass
    return exit_code


async def _ask(client: JsonClient | ConsoleClient, prompt: str, cwd: Path, settings: Settings) -> int:
    agent_end, client_end = memory_pipe()
    agent = AcpAgent(settings)
    agent_peer = Peer(*agent_end, agent, max_line_bytes=settings.max_line_bytes)
    client_peer = Peer(*client_end, client, max_line_bytes=settings.max_line_bytes)
    exit_code = 1
    async with agent.connected(agent_peer), anyio.create_task_group() as tasks:
        tasks.start_soon(agent_peer.serve)
        tasks.start_soon(client_peer.serve)
        try:
            result = await _one_turn(client_peer, prompt, cwd)
            client.finish(result)
            exit_code = 0 if result.get("stopReason") == "end_turn" else 1
        except RpcError as error:
            client.fail(error.message)
        tasks.cancel_scope.cancel()
    return exit_code


async def _one_turn(peer: Peer, prompt: str, cwd: Path) -> dict[str, Any]:
    await peer.request("initialize", {"protocolVersion": PROTOCOL_VERSION, "clientCapabilities": {}})
    session: Any = await peer.request("session/new", {"cwd": str(cwd), "mcpServers": []})
    content: list[JsonValue] = [{"type": "text", "text": prompt}]
    result: Any = await peer.request("session/prompt", {"sessionId": session["sessionId"], "prompt": content})
    return result


class JsonClient:
    """Prints what an editor would be sent, a JSON object a line. Refuses what would need a question."""

    async def request(self, incoming: Incoming) -> JsonValue:
        """Answer the agent."""
        return _refuse(incoming)

    async def notification(self, incoming: Incoming) -> None:
        """Print an update."""
        print(jsonlib.dumps(incoming.params.get("update"), ensure_ascii=False), flush=True)  # noqa: T201

    def finish(self, result: dict[str, Any]) -> None:
        """Print the turn's result."""
        print(jsonlib.dumps(result, ensure_ascii=False), flush=True)  # noqa: T201

    def fail(self, message: str) -> None:
        """Print why there is no result."""
        print(jsonlib.dumps({"error": message}, ensure_ascii=False), flush=True)  # noqa: T201


@dataclass(slots=True)
class ConsoleClient:
    """Shows calls, diffs and the answer, and asks for permission where a person is at the terminal."""

    mode: Mode = "ask"
    console: Console = field(default_factory=lambda: Console(highlight=False))
    notes: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    calls: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])  # merged updates by id
    in_line: bool = False  # whether the cursor stands behind streamed text

    def _way_out(self) -> str:
        if self.mode == "auto":
            return "What is dangerous or secret asks in every mode."
        return "`--mode auto` allows what is neither dangerous nor secret."

    async def request(self, incoming: Incoming) -> JsonValue:
        """Answer the agent: only the question for permission is one it may ask of this client."""
        if incoming.method != "session/request_permission" or not sys.stdin.isatty():
            if incoming.method == "session/request_permission":
                self.notes.print(f"[yellow]Refused, since nobody can be asked here. {self._way_out()}[/]")
            return _refuse(incoming)
        params: Any = incoming.params
        options = {str(number): option for number, option in enumerate(params["options"], start=1)}
        self._line(f"  [bold]{escape(params['toolCall']['title'])}[/]")
        for number, option in options.items():
            self._line(f"    {number}. {escape(option['name'])}")
        choice = await anyio.to_thread.run_sync(self._choose, options, abandon_on_cancel=True)
        return {"outcome": {"outcome": "selected", "optionId": options[choice]["optionId"]}}

    async def notification(self, incoming: Incoming) -> None:
        """Show an update."""
        update: Any = incoming.params.get("update")
        kind = update["sessionUpdate"]
        if kind == "agent_message_chunk":
            self.console.print(update["content"]["text"], end="", markup=False)
            self.in_line = True
        elif kind == "agent_thought_chunk":
            self._line(f"[dim]{escape(update['content']['text'].strip())}[/]")
        elif kind in ("tool_call", "tool_call_update"):
            self._show_call(update)

    def finish(self, result: dict[str, Any]) -> None:
        """Close with how the turn ended, if not by itself, and what it cost."""
        if self.in_line:
            self.console.print()
        if result.get("stopReason") != "end_turn":
            self.notes.print(f"[yellow]The turn ended with {result.get('stopReason')}.[/]")
        if result.get("_meta", {}).get("punie.dev/usage"):  # a slash command asks no model and costs nothing
            self.notes.print(f"[dim]{figures(result)}[/]")

    def fail(self, message: str) -> None:
        """Say why there is no answer."""
        self.notes.print(Text(f"punie-acp: {message}", style="red"))

    def _choose(self, options: dict[str, dict[str, Any]]) -> str:
        refusal = next(number for number, option in options.items() if option["kind"] == "reject_once")
        return Prompt.ask("    Your choice", choices=list(options), default=refusal, console=self.console)

    def _line(self, markup: str) -> None:
        if self.in_line:
            self.console.print()
            self.in_line = False
        self.console.print(markup)

    def _show_call(self, update: dict[str, Any]) -> None:
        call = self.calls.setdefault(update["toolCallId"], {})
        before = call.get("status")
        call.update({name: value for name, value in update.items() if name != "sessionUpdate"})
        if call.get("status") == before:
            return
        if "punie.dev/call" in call.get("_meta", {}):
            self._show_external_call(call)
        else:
            self._show_program(call)

    def _show_program(self, call: dict[str, Any]) -> None:
        if call["status"] == "in_progress":
            self._line(f"[cyan]▶ {escape(call['title'])}[/]")
            code = call.get("rawInput", {}).get("code", "")
            self.console.print(Syntax(code, "python", background_color="default", indent_guides=False, word_wrap=True))
        elif call["status"] == "failed":
            error = call.get("rawOutput", {}).get("error", {})
            self._line(f"  {_MARKS['failed']} {escape(error.get('message', 'the program failed'))}")

    def _show_external_call(self, call: dict[str, Any]) -> None:
        if call["status"] == "pending":
            for block in call.get("content", []):
                if block["type"] == "diff" and block.get("oldText") != block["newText"]:
                    self.console.print(_diff(block))
        elif call["status"] in _MARKS:
            line = call["_meta"]["punie.dev/call"].get("line")
            where = f" [dim]line {line}[/]" if line else ""
            self._line(f"  {_MARKS[call['status']]} {escape(call['title'])}{where}")


def figures(result: dict[str, Any]) -> str:
    """The line of figures of a turn: requests, calls, tokens, seconds."""
    usage = result.get("_meta", {}).get("punie.dev/usage", {})
    decode = usage.get("decodeSeconds") or 0
    rate = f", {usage['outputTokens'] / decode:.1f} tok/s" if decode else ""
    first = usage.get("firstTokenSeconds")
    waited = f", first token after {first:.1f} s" if first is not None else ""
    return (
        f"{usage.get('modelRequests', 0)} turns, {usage.get('externalCalls', 0)} calls, "
        f"{usage.get('inputTokens', 0)} tokens in ({usage.get('cachedTokens', 0)} cached), "
        f"{usage.get('outputTokens', 0)} out{rate}{waited}, {usage.get('seconds', 0):.1f} s in all"
    )


def _refuse(incoming: Incoming) -> JsonValue:
    if incoming.method == "session/request_permission":
        params: Params = incoming.params
        options: Any = params["options"]
        refusal = next(option for option in options if option["kind"] == "reject_once")
        return {"outcome": {"outcome": "selected", "optionId": refusal["optionId"]}}
    raise RpcError(METHOD_NOT_FOUND, f"method not found: {incoming.method}")


def _diff(block: dict[str, Any]) -> Syntax:
    old = (block.get("oldText") or "").splitlines(keepends=True)
    new = block["newText"].splitlines(keepends=True)
    name = block["path"]
    text = "".join(unified_diff(old, new, f"{name} (now)", f"{name} (then)"))
    return Syntax(text.rstrip("\n"), "diff", background_color="default", word_wrap=True)
