"""Changing an editor's settings file: read, merge, keep a backup, replace. Nothing is written unless all is well."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.editors.entries import NAME, SERVERS, merged
from punie_acp.editors.jsonc import Json, JsoncError, parse

if TYPE_CHECKING:
    from punie_acp.editors.launch import Launch


class EditorSettingsError(Exception):
    """An editor's settings file that is left as it is. The message says which, where in it, and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to happen to one settings file. `before` is None where there is no file yet."""

    file: Path
    before: bytes | None
    after: bytes

    @property
    def is_needed(self) -> bool:
        """Whether the file does not say the right thing already."""
        return self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff."""
        old = (self.before or b"").decode().splitlines(keepends=True)
        new = self.after.decode().splitlines(keepends=True)
        lines = difflib.unified_diff(old, new, str(self.file), str(self.file))
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def plan_change(editor: str, file: Path, launch: Launch, model: str | None) -> Change:
    """The change that brings our entry into `file`. Raises `EditorSettingsError`; touches nothing."""
    before = _read(file)
    try:
        text = (before or b"").decode()
        after = merged(text, editor, launch, model)
        _check_nothing_is_lost(text, after)
    except UnicodeDecodeError as error:
        raise EditorSettingsError(f"{file} is not UTF-8 text (byte {error.start}). {_REMEDY}") from error
    except JsoncError as error:
        raise EditorSettingsError(f"{file}: {error}. {_REMEDY}") from error
    return Change(file, before, after.encode())


def apply_change(change: Change) -> Path | None:
    """Write `change` and return the backup's path, or None where there was nothing to back up.

    The file is replaced in one step and keeps its mode; a symbolic link stays one. Raises `EditorSettingsError`.
    """
    if _read(change.file) != change.before:
        raise EditorSettingsError(f"{change.file} has been changed by another program just now. Run the command again.")
    try:
        backup = _back_up(change.file) if change.before is not None else None
        _replace(change.file.resolve(), change.after)
    except OSError as error:
        raise EditorSettingsError(f"{change.file} cannot be written: {error.strerror}") from error
    return backup


_REMEDY = "Nothing was written. Correct the file, or add the entry yourself: see the same command with --print."


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EditorSettingsError(f"{file} cannot be read: {error.strerror}") from error


def _check_nothing_is_lost(before: str, after: str) -> None:
    """Raise unless both texts mean the same apart from our entry: the last guard of the user's file."""
    if _without_entry(before) != _without_entry(after):
        raise EditorSettingsError(f"Adding {SERVERS}.{NAME} would have changed something else. {_REMEDY}")


def _without_entry(text: str) -> Json:
    node = parse(text)
    value = node.value if node else {}
    servers = value.get(SERVERS) if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(servers, dict | None):
        return value
    others: Json = {name: entry for name, entry in (servers or {}).items() if name != NAME}
    return value | {SERVERS: others}


def _back_up(file: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    backup = file.with_name(f"{file.name}.{stamp}.bak")
    shutil.copy2(file, backup)
    return backup


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode(file))
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _mode(file: Path) -> int:
    if file.exists():
        return file.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
