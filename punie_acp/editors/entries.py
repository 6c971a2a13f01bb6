"""Which file each editor reads, and what our entry in it says."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.editors.jsonc import Json, JsoncError, parse, set_member

if TYPE_CHECKING:
    from punie_acp.editors.launch import Launch

EDITORS = ("zed", "jetbrains")
TITLES = {"zed": "Zed", "jetbrains": "JetBrains IDEs"}
SERVERS, NAME = "agent_servers", "Punie"


def settings_files(editor: str) -> list[Path]:
    """The settings files of `editor` for this user: where it has a folder already, else where it would make one."""
    if editor == "jetbrains":
        return [Path.home() / ".jetbrains" / "acp.json"]
    folders = _zed_folders()
    present = [folder for folder in folders if folder.is_dir()]
    return [folder / "settings.json" for folder in present or folders[:1]]


def entry_for(editor: str, launch: Launch, model: str | None) -> dict[str, Json]:
    """Our entry for `editor`, as it is written where there is none yet."""
    entry: dict[str, Json] = {"command": launch.command, "args": _arguments([], launch, model), "env": {}}
    return {"type": "custom", **entry} if editor == "zed" else entry


def snippet(editor: str, launch: Launch, model: str | None) -> dict[str, Json]:
    """A whole settings file that holds nothing but our entry."""
    return {SERVERS: {NAME: entry_for(editor, launch, model)}}


def existing_entry(text: str) -> Json:
    """Our entry in the settings `text`, or None. Raises `JsoncError`."""
    node = parse(text)
    for key in (SERVERS, NAME):
        member = node.member(key) if node else None
        node = member.node if member else None
    return node.value if node else None


def merged(text: str, editor: str, launch: Launch, model: str | None) -> str:
    """The settings `text` with our entry in it, everything else untouched; the same text if the entry is right already.

    What the user has added to our entry (an environment, a default mode, more arguments) stays. Raises `JsoncError`.
    """
    entry = existing_entry(text)
    if entry is None:
        return set_member(text, (SERVERS, NAME), entry_for(editor, launch, model))
    if not isinstance(entry, dict):
        raise JsoncError(f"{SERVERS}.{NAME} is not an object", text, 0)
    wanted = entry_for(editor, launch, model) | {"args": _arguments(_strings(entry.get("args")), launch, model)}
    for key, value in wanted.items():
        if entry.get(key) != value and key != "env":
            text = set_member(text, (SERVERS, NAME, key), value)
    return text


def _arguments(present: list[str], launch: Launch, model: str | None) -> list[Json]:
    """The arguments that lead to `--stdio`, then the user's own ones, with `--model` set if `model` is given."""
    own = present[present.index("--stdio") + 1 :] if "--stdio" in present else []
    if model and "--model" in own:
        at = own.index("--model")
        own = own[:at] + own[at + 2 :]
    return [*launch.args, "--stdio", *own, *(["--model", model] if model else [])]


def _strings(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _zed_folders() -> list[Path]:
    if sys.platform == "darwin":
        return [Path.home() / ".config" / "zed"]
    configured = os.environ.get("XDG_CONFIG_HOME") or ""
    config = Path(configured) if configured.startswith("/") else Path.home() / ".config"
    return [config / "zed", Path.home() / ".var" / "app" / "dev.zed.Zed" / "config" / "zed"]
