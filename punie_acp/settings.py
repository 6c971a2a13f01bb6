"""Everything a user can set, and from where.

Precedence, highest first: command-line flags, `PUNIE_*` environment variables, the user's `settings.toml`, the
defaults here. Nothing is read from the project that is being worked on: a repository must not be able to change what
its agent may do. Only the standard library is imported, because `initialize` is answered through this module.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode = Literal["ask", "review", "auto", "plan", "read-only"]
MODES: tuple[Mode, ...] = get_args(Mode)
DIALECTS = ("xml", "json", "fence")
Effort = Literal["quick", "normal", "thorough"]
ToolStyle = Literal["program", "call", "calls"]
TOOL_STYLES: tuple[ToolStyle, ...] = get_args(ToolStyle)
EFFORTS: tuple[Effort, ...] = get_args(Effort)


class SettingsError(ValueError):
    """A setting has a value that cannot be used. The message names the setting and where it came from."""


def _user_dir(kind: str) -> Path:
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("punie-acp", appauthor=False)
    return Path({"config": dirs.user_config_path, "data": dirs.user_data_path, "log": dirs.user_log_path}[kind])


@dataclass(frozen=True, slots=True)
class Settings:
    """One immutable set of choices. Times are in seconds, sizes in the unit that the name says."""

    # What runs.
    model: str = "auto"  # a catalogue name, an installed name, a folder, "openai-chat:…", or "import:module:attribute"
    dialect: str = ""  # how the model writes a call: "xml", "json" or "fence"; empty: what suits the model
    tools: ToolStyle = "program"  # how the model acts: by a "program"; to compare, by one "call" or several "calls"
    mode: Mode = "ask"  # the mode of a new session: "ask", "review", "auto", "plan" or "read-only"
    temperature: float = 0.0  # of sampling; 0 takes the most likely token each time
    call_probability: float = 0.03  # a local model acts first in a turn where it finds that so likely; 1: likeliest
    context_tokens: int = 16384  # the longest conversation that the engine keeps, at most what the model was trained on

    overview_characters: int = 400  # of the list of the project's files that the model reads first; 0: it reads none
    named_file_characters: int = 1200  # of files that a prompt names and that the model reads with it; 0: it reads none
    effort: Effort = "normal"  # of a new session: "quick" (a third of these limits), "normal", "thorough" (thrice)
    stream_programs: bool = True  # whether a new session shows programs while they are being written
    prefetch: bool = True  # whether files that a program reads one after the other, slowly, are read before their turn
    read_ahead: bool = True  # whether the calls of a program that only read are made while it is being written

    # Where a turn ends by itself.
    max_model_requests: int = 12  # rounds of the model in one turn
    max_external_calls: int = 500  # by all programs of one turn
    max_turn_tokens: int = 16384  # written by the model in one turn
    max_turn_seconds: float = 900.0  # one turn, all waiting included
    mcp_start_seconds: float = 5.0  # how long the first prompt of a session waits for its MCP servers
    max_request_tokens: int = 2048  # written by the model in one round

    # Where a program ends by itself.
    program_seconds: float = 30.0  # running, pauses not counted
    program_memory_mib: int = 256  # memory of one program
    program_output_bytes: int = 64 * 1024  # printed by one program; what is over is cut from the middle
    program_recursion: int = 1000  # calls within calls
    mcp_call_seconds: float = 120.0  # one call of a tool of an MCP server
    command_seconds: float = 120.0  # one shell command, unless the program asks for less

    # What a command gets of the environment.
    command_variables: str = ""  # variables that commands get although they look like secrets: "NPM_TOKEN AWS_*"

    # The wire and the log.
    max_line_bytes: int = 64 * 1024 * 1024  # one message of the client; longer ones are refused
    max_client_requests: int = 256  # of one client being answered at once; further ones are refused
    log_level: str = "info"  # "debug", "info", "warning", "error"; "debug" logs prompts, programs and file contents too

    # Where things are kept.
    config_dir: Path = field(default_factory=lambda: _user_dir("config"))
    data_dir: Path = field(default_factory=lambda: _user_dir("data"))
    log_dir: Path = field(default_factory=lambda: _user_dir("log"))

    @property
    def models_dir(self) -> Path:
        """The folder of installed models, one subfolder a model."""
        return self.data_dir / "models"

    def as_environment(self) -> dict[str, str]:
        """The variables that give another process of this program the same settings."""
        return {f"PUNIE_{name.upper()}": str(getattr(self, name)) for name in _NAMES}

    def with_changes(self, changes: Mapping[str, str], origin: str) -> Settings:
        """A copy with `changes` (setting name to text) applied; `origin` is named in a `SettingsError`."""
        return replace(self, **{name: _parse(name, text, origin) for name, text in changes.items()})


def load_settings(environ: Mapping[str, str] | None = None, overrides: Mapping[str, str] | None = None) -> Settings:
    """The settings in force: defaults, then the user's file, then `PUNIE_*` in `environ`, then `overrides`.

    Raises `SettingsError` for an unknown name in the file, a value of the wrong type, or a file that is not TOML.
    """
    environ = os.environ if environ is None else environ
    from_environment = {name: environ[f"PUNIE_{name.upper()}"] for name in _NAMES if f"PUNIE_{name.upper()}" in environ}
    directories = {name: text for name, text in from_environment.items() if name == "config_dir"}
    settings = Settings().with_changes(directories, "the environment")
    file = settings.config_dir / "settings.toml"
    settings = settings.with_changes(_read_file(file), str(file))
    settings = settings.with_changes(from_environment, "the environment")
    return settings.with_changes(overrides or {}, "the command line")


def _read_file(file: Path) -> dict[str, str]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error
    unknown = sorted(set(table) - set(_NAMES))
    if unknown:
        raise SettingsError(f"{file}: unknown setting {unknown[0]!r}. Known: {', '.join(_NAMES)}")
    return {name: str(value) for name, value in table.items()}


_DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(Settings)}
_NAMES = tuple(_DEFAULTS)
_CHOICES = {
    "mode": MODES,
    "effort": EFFORTS,
    "dialect": ("", *DIALECTS),
    "tools": TOOL_STYLES,
    "log_level": ("debug", "info", "warning", "error"),
}
_MAY_BE_ZERO = {"temperature", "overview_characters", "named_file_characters"}
_TRUTHS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _parse(name: str, text: str, origin: str) -> str | int | float | Path:
    default = _DEFAULTS[name]
    if name in _CHOICES and text not in _CHOICES[name]:
        choices = ", ".join(repr(choice) for choice in _CHOICES[name])
        raise SettingsError(f"{name} is {text!r} in {origin}; it must be one of {choices}")
    if name.endswith("_dir"):
        return Path(text).expanduser()
    if isinstance(default, str):
        return text
    if isinstance(default, bool):
        return _truth(name, text, origin)
    try:
        number = int(text) if isinstance(default, int) else float(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r} in {origin}; it must be a number") from None
    if number < 0 or (number == 0 and name not in _MAY_BE_ZERO):
        raise SettingsError(f"{name} is {text!r} in {origin}; it must be greater than zero")
    return number


def _truth(name: str, text: str, origin: str) -> bool:
    if text.lower() not in _TRUTHS:
        raise SettingsError(f"{name} is {text!r} in {origin}; it must be true or false")
    return _TRUTHS[text.lower()]
