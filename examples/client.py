"""A small ACP client, to see what an editor sees: `python examples/client.py ["what to do"] [--cwd DIR] [--yes] …`.

It starts `punie-acp --stdio` as a child process, opens a session on a copy of `examples/workspace/`, sends one prompt,
and shows each update as it comes: the program while it is written, then every external call of it, moving from pending
over in_progress to completed, with the diff of what it wants to write and the output of what it runs. It lends the
agent its files, as an editor lends its buffers, and answers its questions. Exit status 0: the turn ended by itself and
at least one external call was completed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections import deque
from difflib import unified_diff
from pathlib import Path
from typing import Any

from acp import PROTOCOL_VERSION, Agent, RequestError, schema, spawn_agent_process, text_block
from rich.console import Console
from rich.text import Text

WORKSPACE = Path(__file__).parent / "workspace"
PROMPT = "Which Python file under src/ has the most TODO comments, and how many?"
MAX_LINE_BYTES = 64 * 1024 * 1024  # of one message; asyncio would stop at 64 KiB
STYLES = {"pending": "dim", "in_progress": "yellow", "completed": "green", "failed": "bold red"}


class TurnFailedError(Exception):
    """Why there is no answer, in words for the user."""


class Screen:
    """Writes downwards only, so that it reads the same on a terminal and in a file. The last line may grow."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._last: str | None = None  # what the unfinished last line belongs to

    def grow(self, owner: str, text: str, style: str = "", begin: str | Text = "") -> None:
        """Add to the line of `owner`; where another line has come between, a new one starts with `begin`."""
        if self._last != owner:
            self.end_line()
            self._put(begin)
        self._put(Text(text, style))
        self._last = None if text.endswith("\n") else owner

    def line(self, text: str | Text, style: str = "") -> None:
        self.end_line()
        self._put(Text.assemble((text, style), "\n") if isinstance(text, str) else text.append("\n"))

    def end_line(self) -> None:
        if self._last is not None:
            self._put("\n")
            self._last = None

    def _put(self, text: str | Text) -> None:
        self.console.print(text, end="", markup=False, highlight=False, soft_wrap=not self.console.is_terminal)


class Call:
    """A tool call as the updates have told it so far. A later update has only what is new."""

    def __init__(self, start: schema.ToolCallStart) -> None:
        self.id = start.tool_call_id
        self.title = start.title
        self.status = "pending"
        self.facts: dict[str, Any] | None = (start.field_meta or {}).get("punie.dev/call")  # None: it is a program
        self.shown = {"code": "", "output": ""}

    def new(self, what: str, text: str) -> str:
        """What of `text` has not been shown. It may have lost its beginning, for long outputs are sent as their end."""
        known = self.shown[what][-200:]
        self.shown[what] = text
        return text[text.rfind(known) + len(known) :] if known and known in text else text


class ExampleClient:
    """The client's side of the protocol: shows updates, lends files below `root`, answers questions."""

    def __init__(self, screen: Screen, root: Path, *, ask: bool, allow: bool) -> None:
        self.screen = screen
        self.root = root
        self.ask = ask  # whether there is somebody to ask
        self.allow = allow  # what the answer is where there is nobody
        self.calls: dict[str, Call] = {}

    @property
    def completed(self) -> int:
        """External calls that were completed."""
        return sum(call.facts is not None and call.status == "completed" for call in self.calls.values())

    async def session_update(self, session_id: str, update: object, **_: object) -> None:
        """Show an update. It awaits nothing, so that updates are shown in the order in which they came."""
        match update:
            case schema.AgentMessageChunk(content=schema.TextContentBlock(text=text)):
                self.screen.grow("answer", text, "bold")
            case schema.AgentThoughtChunk(content=schema.TextContentBlock(text=text)):
                self.screen.grow("thought", text, "dim italic")
            case schema.ToolCallStart():
                call = self.calls[update.tool_call_id] = Call(update)
                self._show(call, update)
            case schema.ToolCallProgress() if update.tool_call_id in self.calls:
                call = self.calls[update.tool_call_id]
                call.title = update.title or call.title
                self._show(call, update)

    def _show(self, call: Call, update: schema.ToolCallStart | schema.ToolCallProgress) -> None:
        blocks = update.content or []
        texts = [_unfenced(block.content.text) for block in blocks if isinstance(block, schema.ContentToolCallContent)]
        if call.facts is None:
            self._show_code(call, "".join(texts[:1]), complete=update.status is not None)
            texts = texts[1:]
        if isinstance(update, schema.ToolCallStart) or update.status not in (None, "completed", "failed"):
            self._show_status(call, update.status)
        if isinstance(update, schema.ToolCallStart):
            for block in blocks:
                if isinstance(block, schema.FileEditToolCallContent):
                    self._show_diff(block)
        if new := call.new("output", "\n".join(texts) + "\n" * bool(texts)):
            for line in new.splitlines():
                self.screen.line(f"{_indent(call)}  │ {line}", "dim")
        if update.status in ("completed", "failed"):
            self._show_status(call, update.status)
            self.screen.end_line()

    def _show_status(self, call: Call, status: str | None) -> None:
        """One line a call: `  Read a.py (line 3)  pending → in_progress → completed`."""
        call.status = status or call.status
        where = f" (line {call.facts['line']})" if call.facts and call.facts.get("line") else ""
        begin = Text.assemble(_indent(call), (call.title, "cyan"), (where, "dim"), "  ")
        self.screen.grow(f"{call.id} {call.title}", f"→ {status} ", STYLES[call.status], begin)

    def _show_code(self, call: Call, code: str, *, complete: bool) -> None:
        """The program's lines as they are written; of a line that is being written, nothing yet."""
        whole = code if complete else code[: code.rfind("\n") + 1]
        if len(whole) <= len(call.shown["code"]):
            return
        for line in call.new("code", whole).strip("\n").splitlines():
            self.screen.line(Text.assemble(("▌ ", "blue"), line))

    def _show_diff(self, diff: schema.FileEditToolCallContent) -> None:
        name = os.path.relpath(diff.path, self.root)
        old, new = (diff.old_text or "").splitlines(), diff.new_text.splitlines()
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in unified_diff(old, new, f"{name} (now)", f"{name} (then)", lineterm="", n=1):
            self.screen.line("    " + line, styles.get(line[0], "dim"))

    async def request_permission(
        self, session_id: str, tool_call: schema.ToolCallUpdate, options: list[schema.PermissionOption], **_: object
    ) -> schema.RequestPermissionResponse:
        """Ask the user, or answer for them, and say so."""
        if self.ask:
            choice = await asyncio.to_thread(self._choose, tool_call.title or "this call", options)
        else:
            kind, word = ("allow_once", "allowed") if self.allow else ("reject_once", "refused")
            choice = next(option for option in options if option.kind == kind)
            self.screen.line(f"    {word} without a question: {tool_call.title}", "magenta")
        selected = schema.AllowedOutcome(outcome="selected", option_id=choice.option_id)
        return schema.RequestPermissionResponse(outcome=selected)

    def _choose(self, title: str, options: list[schema.PermissionOption]) -> schema.PermissionOption:
        self.screen.line(f"    May it: {title}?", "magenta")
        for number, option in enumerate(options, start=1):
            self.screen.line(f"      {number}. {option.name}")
        while True:
            answer = input("    > ").strip()
            if answer in map(str, range(1, len(options) + 1)):
                return options[int(answer) - 1]

    # An editor would look into its open buffers first; these files are all on the disk.

    async def read_text_file(
        self, session_id: str, path: str, line: int | None = None, limit: int | None = None, **_: object
    ) -> schema.ReadTextFileResponse:
        """Lend the agent a file, or `limit` lines of it from the 1-based `line` on."""
        try:
            text = self._inside(path).read_bytes().decode()
        except FileNotFoundError:
            raise RequestError.resource_not_found(path) from None
        except (OSError, UnicodeDecodeError) as error:
            raise RequestError.invalid_params({"details": str(error)}) from error
        first = (line or 1) - 1
        lines = text.splitlines(keepends=True)[first : None if limit is None else first + limit]
        return schema.ReadTextFileResponse(content="".join(lines))

    async def write_text_file(self, session_id: str, path: str, content: str, **_: object) -> None:
        """Save a file for the agent."""
        file = self._inside(path)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode())
        except OSError as error:
            raise RequestError.invalid_params({"details": str(error)}) from error

    def _inside(self, path: str) -> Path:
        file = Path(path).resolve()
        if not file.is_relative_to(self.root):
            raise RequestError.invalid_params({"details": f"{path} is outside of {self.root}"})
        return file


def _indent(call: Call) -> str:
    """External calls stand below the program that makes them."""
    return "  " if call.facts else ""


def _unfenced(text: str) -> str:
    """The inside of a Markdown code block."""
    lines = text.split("\n")
    return "\n".join(lines[1:-1]) if len(lines) > 2 and lines[0].startswith("```") else text


async def run(options: argparse.Namespace, root: Path, console: Console) -> int:
    """Run one turn on the project in `root`. Returns the exit status."""
    screen = Screen(console)
    client = ExampleClient(
        screen, root, ask=sys.stdin.isatty() and not options.yes, allow=options.yes or options.cwd is None
    )
    flags = [text for name in ("model", "mode") if (value := getattr(options, name)) for text in (f"--{name}", value)]
    command = [sys.executable, "-m", "punie_acp", "--stdio", *flags]
    screen.line(f"> {options.prompt}", "bold blue")
    async with spawn_agent_process(
        client,  # the methods for terminals are left out: the agent then runs commands itself
        *command,
        env=os.environ,
        transport_kwargs={"limit": MAX_LINE_BYTES},
    ) as (agent, process):
        errors: deque[bytes] = deque(maxlen=12)
        reading = asyncio.create_task(_keep_tail(process, errors))
        try:
            response = await _one_turn(agent, options, root)
        except ConnectionError:
            await asyncio.wait({reading}, timeout=2)
            said = b"".join(errors).decode(errors="replace").rstrip() or "nothing on stderr"
            raise TurnFailedError(f"the agent ended with status {process.returncode}; it said:\n{said}") from None
        except RequestError as error:
            raise TurnFailedError(f"the agent answered with an error: {error}") from error
        finally:
            screen.end_line()
            reading.cancel()
    return _verdict(response, client)


async def _keep_tail(process: asyncio.subprocess.Process, errors: deque[bytes]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        errors.append(line)
    await process.wait()


async def _one_turn(agent: Agent, options: argparse.Namespace, root: Path) -> schema.PromptResponse:
    files = schema.FileSystemCapabilities(read_text_file=True, write_text_file=True)
    await agent.initialize(PROTOCOL_VERSION, schema.ClientCapabilities(fs=files))
    session = await agent.new_session(str(root))
    turn = asyncio.create_task(agent.prompt(session.session_id, [text_block(options.prompt)]))
    try:
        await asyncio.wait({turn}, timeout=options.timeout)
    finally:  # also on Ctrl-C
        if not turn.done():
            await agent.cancel(session.session_id)
            await asyncio.wait({turn}, timeout=10)
    if not turn.done():
        turn.cancel()
        raise TurnFailedError("the agent does not answer to a cancel")
    return turn.result()


def _verdict(response: schema.PromptResponse, client: ExampleClient) -> int:
    """Close with the figures, and say what is missing for success."""
    if usage := (response.field_meta or {}).get("punie.dev/usage"):
        client.screen.line(figures(usage), "dim")
    if response.stop_reason != "end_turn":
        raise TurnFailedError(f"the turn ended with {response.stop_reason}")
    if client.completed == 0:
        raise TurnFailedError("no external call was completed")
    return 0


def figures(usage: dict[str, Any]) -> str:
    """What the turn took, by the agent's own count."""
    rate = usage["outputTokens"] / usage["decodeSeconds"] if usage.get("decodeSeconds") else 0.0
    first = usage.get("firstTokenSeconds") or 0.0
    return (
        f"{usage['modelRequests']} turns · {usage['externalCalls']} external calls · "
        f"{usage['inputTokens']:,} tokens in, {usage['outputTokens']:,} out · {rate:.1f} tok/s · "
        f"first token {first:.1f} s · {usage['seconds']:.1f} s in all"
    )


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run one turn of punie-acp as an editor would.")
    parser.add_argument("prompt", nargs="?", default=PROMPT)
    parser.add_argument("--cwd", type=Path, help="work in this folder itself; default: a copy of examples/workspace")
    parser.add_argument("--model", help="see `punie-acp models`")
    parser.add_argument("--mode", choices=("ask", "auto", "read-only"))
    parser.add_argument("--yes", action="store_true", help="allow everything without asking")
    parser.add_argument("--timeout", type=float, default=900, help="seconds until the turn is cancelled")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None, console: Console | None = None) -> int:
    """Run the client. The copy of the workspace is deleted at the end."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    with tempfile.TemporaryDirectory(prefix="punie-") as folder:
        root = options.cwd.resolve() if options.cwd else Path(folder).resolve() / "workspace"
        if options.cwd is None:
            shutil.copytree(WORKSPACE, root)
        try:
            return asyncio.run(run(options, root, console or Console()))
        except TurnFailedError as failure:
            Console(stderr=True, highlight=False).print(Text(f"client: {failure}", "red"), soft_wrap=True)
            return 1
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
