"""Whole outputs of commands and programs, on disk, for those that are too long to be given on in one piece.

A session has one folder for them, outside of the project. Programs may read what is in it, and nothing else there.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILES = 20
"""Kept in one session; the oldest give way."""
MAX_CHARACTERS = 64 * 1024 * 1024
"""Of one output; what is over is not kept."""


class Outputs:
    """The outputs of one session."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made when there is a first output."""
        self.folder = folder

    def new(self, stream: str) -> OutputFile:
        """Where a new output will be, if it is long: that of a `stream` ("stdout") of a command, or "printed"."""
        return OutputFile(self, stream)

    def make_room(self) -> None:
        """Make the folder, and remove its oldest files. Raises `OSError`."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in sorted(self.folder.iterdir())[: -(MAX_FILES - 1)]:
            old.unlink()


class OutputFile:
    """One output, written while it comes. A disk that is full ends it; the command goes on."""

    def __init__(self, outputs: Outputs, stream: str) -> None:
        self._outputs = outputs
        self._stream = stream
        self._file: TextIO | None = None
        self._room = MAX_CHARACTERS
        self.path: Path | None = None  # once there is one
        self.is_whole = True

    def write(self, text: str) -> None:
        """Add `text`."""
        if not self.is_whole:
            return
        try:
            if self._file is None:
                self._file = self._create()
            self._file.write(text[: self._room])
        except OSError:
            self.is_whole = False
        self.is_whole &= len(text) <= self._room
        self._room -= len(text)

    def _create(self) -> TextIO:
        self._outputs.make_room()
        path = self._outputs.folder / f"{time.time_ns()}-{self._stream}.txt"
        path.touch(mode=0o600, exist_ok=False)
        file = path.open("w", encoding="utf-8", errors="replace", newline="")
        self.path = path
        return file

    def close(self) -> None:
        """There will be no more."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def note(self) -> str:
        """Where the whole is, as the end of a sentence; empty where it is nowhere."""
        if self.path is None:
            return ""
        return f"; {'all of it' if self.is_whole else 'its beginning'} is in {self.path}"
