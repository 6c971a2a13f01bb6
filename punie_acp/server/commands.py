"""Slash commands: prompts that are answered without a model, in turns of which the model hears nothing.

A prompt that begins with a slash and is none of these goes to the model as it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from punie_acp import __version__
from punie_acp.protocol.errors import RpcError
from punie_acp.server.config import EFFORT_TEXTS, offered_models
from punie_acp.server.permissions import MODE_TEXTS
from punie_acp.server.replay import last_usage
from punie_acp.server.rules import describe_rules, revoke_numbered
from punie_acp.server.undo import UNDO_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params
    from punie_acp.server.prompts import PromptBlock
    from punie_acp.server.session import Session

SESSIONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `run` gets what stands behind its name, and gives the answer in Markdown."""

    name: str
    description: str
    run: Callable[[Session, str], Awaitable[str]]
    hint: str = ""  # for what may stand behind the name

    def as_json(self) -> Params:
        """For `available_commands_update`."""
        described: Params = {"name": self.name, "description": self.description}
        if self.hint:
            described["input"] = {"hint": self.hint}
        return described


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command that a user has typed."""

    command: Command
    argument: str

    async def run(self, session: Session) -> str:
        """The answer, in Markdown."""
        return await self.command.run(session, self.argument)


def find_command(blocks: Sequence[PromptBlock]) -> Invocation | None:
    """The command that a prompt begins with, if it does."""
    text = getattr(blocks[0], "text", None) if blocks else None
    if not isinstance(text, str) or not text.startswith("/"):
        return None
    name, _, argument = text[1:].strip().partition(" ")
    command = _BY_NAME.get(name)
    return Invocation(command, argument.strip()) if command else None


def commands_update() -> Params:
    """All commands, as a session update."""
    described: list[JsonValue] = [command.as_json() for command in COMMANDS]
    return {"sessionUpdate": "available_commands_update", "availableCommands": described}


async def _help(_session: Session, _argument: str) -> str:
    lines = [
        f"- `/{command.name}{' ' * bool(command.hint)}{command.hint}` {command.description}" for command in COMMANDS
    ]
    return "\n".join(["Everything else that you write goes to the model.", "", *lines])


async def _status(session: Session, _argument: str) -> str:
    options, folders = session.options, session.workspace.roots
    usage = last_usage(session.services.store, session.session_id)
    context = f"{usage['used']} of {usage['size']} tokens" if usage else "nothing yet"
    facts = {
        "model": f"`{options.model}`",
        "mode": MODE_TEXTS[options.mode][0],
        "effort": f"{EFFORT_TEXTS[options.effort][0]}: {_limits(session)}",
        "context": context,
        "folders": ", ".join(f"`{folder}`" for folder in folders),
        "session": f"`{session.session_id}`",
        "version": f"punie-acp {__version__}",
    }
    servers = session.background.mcp.status() if session.background.mcp is not None else []
    lines = [*(f"{name}: {value}" for name, value in facts.items()), *(f"MCP server {line}" for line in servers)]
    return "\n".join(f"- {line}" for line in lines)


def _limits(session: Session) -> str:
    limits = session.settings
    return (
        f"{limits.max_model_requests} model requests, {limits.max_turn_tokens} tokens, "
        f"{limits.max_turn_seconds:g} s for a prompt"
    )


async def _model(session: Session, name: str) -> str:
    models = offered_models(session.services.settings, session.options.model)
    if not name:
        marks = (f"- `{model}`{' (now)' if model == session.options.model else ''}" for model in models)
        return "\n".join([*marks, "", "`/model <name>` takes another one; `punie-acp models` installs more."])
    if name not in models:
        return f"There is no model `{name}` here. There is {', '.join(f'`{model}`' for model in models)}."
    if name == session.options.model:
        return f"The model is `{name}` already."
    try:
        await session.load_model(name)
        await session.choose("model", name)
    except RpcError as error:
        return f"The model stays `{session.options.model}`: {error.message}"
    return f"The model is `{name}` from the next prompt on."


async def _mode(session: Session, mode: str) -> str:
    if not mode:
        described = (f"- `{name}` {text}" for name, (_, text) in MODE_TEXTS.items())
        return "\n".join([f"The mode is `{session.options.mode}`.", "", *described])
    if mode not in MODE_TEXTS:
        return f"There is no mode `{mode}`. There is {', '.join(f'`{name}`' for name in MODE_TEXTS)}."
    await session.choose("mode", mode)
    return f"The mode is `{mode}`: {MODE_TEXTS[session.options.mode][1]}."


async def _compact(session: Session, _argument: str) -> str:
    before, after = session.compact()
    if before == after:
        return (
            f"Nothing was dropped: the {before} turns that the model remembers take little room."
            if before
            else ("Nothing was dropped: the model remembers no turn yet.")
        )
    return f"The model has forgotten the oldest {before - after} of {before} turns. You still see them."


async def _permissions(session: Session, argument: str) -> str:
    action, _, which = argument.partition(" ")
    if action == "revoke":
        return revoke_numbered(session.permissions.rules, which)
    return describe_rules(session.permissions.rules)


async def _sessions(session: Session, _argument: str) -> str:
    page = session.services.store.sessions(cwd=session.record.cwd, limit=SESSIONS_SHOWN)
    titled = [record for record in page.items if record.title]
    lines = [
        f"- {record.title} (`{record.session_id}`, {record.updated[:16].replace('T', ' ')} UTC"
        f"{', this one' if record.session_id == session.session_id else ''})"
        for record in titled
    ]
    more = ["", "There are older ones: `punie-acp sessions` lists them all."] if page.next_cursor else []
    return "\n".join(lines + more) or "Nothing has been asked in this folder yet."


async def _doctor(session: Session, _argument: str) -> str:
    """In a process of its own, which a cancel can end, and whose MLX does not disturb ours."""
    # -P: a folder punie_acp in the project must not be taken for the program.
    command = [sys.executable, "-P", "-m", "punie_acp", "doctor", "--json"]
    environment = os.environ | session.services.settings.as_environment()
    result = await anyio.run_process(command, check=False, env=environment, stdin=subprocess.DEVNULL)
    try:
        report = json.loads(result.stdout)
    except ValueError:
        return f"The check broke off: {result.stderr.decode(errors='replace').strip()[-500:]}"
    return "\n".join(_finding(finding) for finding in report["checks"])


def _finding(finding: dict[str, str]) -> str:
    mark = {"ok": "✓", "warning": "⚠", "failure": "✗"}[finding["status"]]
    remedy = f"\n  → {finding['remedy']}" if finding["remedy"] else ""
    return f"- {mark} {finding['text']}{remedy}"


async def _continue(session: Session, argument: str) -> str:
    from punie_acp.server.resuming import continue_interrupted  # the room of turns, which knows this one

    return await continue_interrupted(session, argument)


COMMANDS = (
    Command("help", "List these commands", _help),
    Command("status", "Show the model, the mode, the limits and how full the context is", _status),
    Command("model", "List the models, or take another one", _model, hint="[name]"),
    Command("mode", "Show the mode, or change it", _mode, hint="[ask | review | auto | plan | read-only]"),
    Command("compact", "Drop the oldest turns from what the model remembers", _compact),
    Command("permissions", "List what you always allow or reject here, or revoke it", _permissions, hint="[revoke n]"),
    Command("sessions", "List the sessions of this folder", _sessions),
    *(Command(*entry) for entry in UNDO_COMMANDS),
    Command("continue", "Go on with the program that the end of the agent has interrupted", _continue),
    Command("doctor", "Check that everything a prompt needs works here", _doctor),
)
_BY_NAME = {command.name: command for command in COMMANDS}
