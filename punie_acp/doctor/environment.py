"""Checks of what surrounds the model: Python, settings, folders, the editors' settings."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.doctor.findings import Finding, failure, ok, warning
from punie_acp.editors.entries import EDITORS, NAME, TITLES, existing_entry, settings_files
from punie_acp.editors.jsonc import JsoncError
from punie_acp.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

OLDEST_PYTHON = (3, 11)
LITTLE_SPACE = 2_000_000_000  # bytes: less than any model of the catalogue takes while it is installed


def check_settings(load: Callable[[], Settings]) -> tuple[Finding, Settings]:
    """Whether the settings can be read, and the ones to go on with: the defaults where they cannot."""
    try:
        settings = load()
    except SettingsError as error:
        remedy = "Correct it; until then punie-acp does not start. The rest of this report uses the defaults."
        return failure("settings", str(error), remedy), _default_settings()
    file = settings.config_dir / "settings.toml"
    origin = str(file) if file.exists() else f"defaults and environment; {file} does not exist"
    return ok("settings", f"model {settings.model}, mode {settings.mode} ({origin})"), settings


def check_python(_settings: Settings) -> list[Finding]:
    """The interpreter's version."""
    version, system = platform.python_version(), f"{platform.system()} {platform.machine()}"
    text = f"Python {version} on {system}"
    if sys.version_info < OLDEST_PYTHON:
        return [failure("python", text, "Install Python 3.11 or newer.", executable=sys.executable)]
    if system == "Darwin x86_64":
        remedy = "MLX has no wheels for Intel Macs: use an arm64 Python on Apple silicon, or Linux."
        return [failure("python", text, remedy, executable=sys.executable)]
    return [ok("python", text, executable=sys.executable)]


def check_folders(settings: Settings) -> list[Finding]:
    """Whether models and logs can be written, and how much room there is."""
    blocked = [folder for folder in (settings.data_dir, settings.log_dir) if not _is_writable(folder)]
    if blocked:
        names = " and ".join(str(folder) for folder in blocked)
        remedy = "Change its owner or mode, or choose another with PUNIE_DATA_DIR or PUNIE_LOG_DIR."
        return [failure("folders", f"{names} cannot be written", remedy)]
    free = shutil.disk_usage(_nearest(settings.data_dir)).free
    text = f"models in {settings.models_dir} ({free / 1e9:.1f} GB free), log in {settings.log_dir}"
    if free < LITTLE_SPACE:
        return [warning("folders", text, "Make room before you install a model.", free_bytes=free)]
    return [ok("folders", text, free_bytes=free)]


def check_editors(_settings: Settings) -> list[Finding]:
    """For each editor, whether it knows this agent and whether the command it would start exists."""
    return [_check_editor(editor, file) for editor in EDITORS for file in settings_files(editor)]


def _check_editor(editor: str, file: Path) -> Finding:
    title, name = TITLES[editor], f"editor {editor}"
    set_up = f"Type: punie-acp init {editor}"
    if not file.exists():
        if not file.parent.is_dir():
            return ok(name, f"{title}: not used here ({file.parent} does not exist)")
        return warning(name, f"{title} does not know Punie: {file} does not exist", set_up)
    try:
        entry = existing_entry(file.read_text(encoding="utf-8"))
    except (JsoncError, UnicodeDecodeError, OSError) as error:
        return failure(name, f"{title}: {file} cannot be read: {error}", f"Correct the file. Then: {set_up}")
    if not isinstance(entry, dict):
        return warning(name, f"{title} does not know Punie: {file} has no entry {NAME!r}", set_up)
    command = str(entry.get("command"))
    if not _can_run(command):
        return failure(name, f"{title} would start {command}, which cannot be run", set_up, file=file)
    return ok(name, f"{title} starts {command}", file=file)


def _can_run(command: str) -> bool:
    # An editor does not have the shell's PATH, so only an absolute command counts.
    return Path(command).is_absolute() and os.access(command, os.X_OK) and Path(command).is_file()


def _is_writable(folder: Path) -> bool:
    nearest = _nearest(folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _nearest(folder: Path) -> Path:
    """`folder`, or the closest thing above it that exists."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _default_settings() -> Settings:
    folders = {name: os.environ.get(f"PUNIE_{name.upper()}", "") for name in ("config_dir", "data_dir", "log_dir")}
    return Settings().with_changes({name: text for name, text in folders.items() if text}, "the environment")
