"""Where external calls have their effects, as a protocol: `local.py` is the disk and shell, `editor.py` the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path


class PathEscapeError(PermissionError):
    """A path leads outside the session's folders, by itself, by `..`, or through a symbolic link."""


class NotTextError(ValueError):
    """A file is binary or in no known encoding, or is too large to be read as text."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """What is known of a path without reading it."""

    kind: Literal["file", "directory", "other"]
    size: int  # bytes
    modified: float  # seconds since the epoch
    mode: int  # permission bits


@dataclass(frozen=True, slots=True)
class Match:
    """One line found by a search."""

    path: str  # relative to the workspace's root, with forward slashes
    line: int  # 1-based
    text: str  # the line, without its end


@dataclass(frozen=True, slots=True)
class CommandProgress:
    """New output of a running command, or the client terminal in which it runs."""

    output: str = ""
    terminal_id: str | None = None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `exit_code` is None after a signal, whose name is then in `signal`."""

    exit_code: int | None
    signal: str | None
    stdout: str  # both streams in one, in order, where they cannot be told apart (a client terminal)
    stderr: str
    timed_out: bool = False
    truncated: bool = False
    crowded: bool = False  # it was ended because it had started too many processes


class Workspace(Protocol):
    """The user's project. Paths given to every method but `resolve` come from `resolve`.

    Every method raises `OSError`'s usual subclasses with a message that names the path relative to the root.
    """

    @property
    def root(self) -> Path:
        """The session's working directory: absolute, symbolic links resolved."""
        ...

    @property
    def roots(self) -> tuple[Path, ...]:
        """`root` and the session's additional directories."""
        ...

    def resolve(self, path: str, *, follow: bool = True) -> Path:
        """The absolute, resolved form of `path` (relative ones start at `root`; `~` is not expanded).

        With `follow=False` a symbolic link in the last place stays itself: for `delete` and `rename`, which act on
        the link. Raises `PathEscapeError` where it lies outside `roots`.
        """
        ...

    def display(self, path: Path) -> str:
        """`path` as a person would write it: relative to `root` where it lies below, with forward slashes."""
        ...

    def sensitivity(self, path: Path) -> str | None:
        """Why even reading `path` asks first (`.env`, key files, hidden by .gitignore), or None."""
        ...

    async def read_text(self, path: Path) -> str:
        """The text of a file, newlines as `\\n`, no byte-order mark. Raises `NotTextError`, `FileNotFoundError`…"""
        ...

    async def read_bytes(self, path: Path) -> bytes: ...

    async def write_text(self, path: Path, content: str) -> None:
        """Replace or create a file, atomically; an existing one keeps encoding, line endings, BOM and mode.

        Missing parent folders are created.
        """
        ...

    async def write_bytes(self, path: Path, data: bytes) -> None: ...

    async def stat(self, path: Path) -> FileStat | None:
        """What is at `path`, or None."""
        ...

    async def list_directory(self, path: Path) -> list[str]:
        """The names in a folder, sorted."""
        ...

    async def glob(self, pattern: str, base: Path) -> list[Path]:
        """Paths below `base` that match a glob pattern (`**` crosses folders), sorted.

        Skips `.git` and what .gitignore hides unless the pattern names it.
        """
        ...

    async def search(self, pattern: str, glob: str | None = None) -> list[Match]:
        """Lines that match the regular expression `pattern` in text files (below `glob`), in path order.

        Raises `ValueError` for a pattern that does not compile.
        """
        ...

    async def make_directory(self, path: Path, *, parents: bool, exist_ok: bool) -> None: ...

    async def delete(self, path: Path) -> None:
        """Delete a file, a link, or an empty folder."""
        ...

    async def rename(self, source: Path, target: Path) -> None:
        """Move a file or folder; an existing file at `target` is replaced."""
        ...

    async def run_command(
        self,
        command: str | Sequence[str],
        *,
        cwd: Path,
        timeout: float,
        env: Mapping[str, str] | None = None,
        stdin: str | None = None,
        on_progress: Callable[[CommandProgress], Awaitable[None]],
    ) -> CommandResult:
        """Run a command (a string through the shell) and wait for it.

        Output is passed on as it comes. After `timeout` seconds, or when the caller is cancelled, the whole process
        group is killed and, in a client, the terminal released.
        """
        ...
