"""Which paths a session may touch: its folders, after every symbolic link has been resolved.

Confinement has two halves. `Roots.resolve` turns text into an absolute path without links and refuses what lies
outside. `open_folder` then walks to the parent folder one component at a time, refusing links, so that a folder that is
swapped for a link in between leads to an error and not out of the session.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.workspace.base import PathEscapeError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Roots:
    """The folders of a session: the working directory first, then the additional ones."""

    def __init__(self, root: Path, additional: Sequence[Path] = ()) -> None:
        """Raises `FileNotFoundError` or `NotADirectoryError` where a folder is not one."""
        folders = [_existing_folder(folder) for folder in (root, *additional)]
        self.all: tuple[Path, ...] = tuple(dict.fromkeys(folders))
        self.first: Path = self.all[0]

    def resolve(self, path: str, *, follow: bool = True) -> Path:
        """The absolute, link-free form of `path`; with `follow=False` a link in the last place stays itself.

        Raises `PathEscapeError` outside the folders, `FileNotFoundError` for "", `OSError` for what no path can be
        (a NUL, a lone surrogate, a circle of links).
        """
        if not path:
            raise FileNotFoundError(errno.ENOENT, "an empty path names no file")
        _refuse_impossible(path)
        joined = os.path.join(self.first, path)  # noqa: PTH118 - pathlib would drop the trailing "/.." of "link/.."
        try:
            resolved = _without_links(joined) if follow else _without_links_above(joined)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
        if not self.contain(resolved):
            raise PathEscapeError(errno.EACCES, self._escape_message(resolved, path), path)
        return resolved

    def contain(self, path: Path) -> bool:
        """Whether `path`, which is resolved, lies in one of the folders or is one."""
        return self.above(path) is not None

    def above(self, path: Path) -> Path | None:
        """The first of the folders in which `path` lies."""
        return next((folder for folder in self.all if parts_below(path, folder) is not None), None)

    def display(self, path: Path) -> str:
        """`path` relative to the first folder where it lies below, else absolute; with forward slashes."""
        below = parts_below(path, self.first)
        return str(path) if below is None else "/".join(below) or "."

    def _escape_message(self, resolved: Path, path: str) -> str:
        through = "" if path.startswith("/") or ".." in Path(path).parts else f" (a link to {resolved})"
        return f"the path lies outside the session's folders{through}; only files below {self.first} can be used"


def parts_below(path: Path, folder: Path) -> list[str] | None:
    """The components that lead from `folder` to `path`, or None where it lies elsewhere or was never resolved."""
    # pathlib's own answer takes ten times as long, and this is asked several times for each file.
    whole, start = str(path), str(folder).rstrip("/")
    if whole == (start or "/"):
        return []
    parts = whole[len(start) + 1 :].split("/") if whole.startswith(f"{start}/") else [".."]
    return None if ".." in parts else parts


def _existing_folder(folder: Path) -> Path:
    resolved = folder.resolve(strict=True)
    if not resolved.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    return resolved


def _refuse_impossible(path: str) -> None:
    try:
        possible = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise OSError(errno.EINVAL, "no file can have this name", repr(path))


def _without_links(joined: str) -> Path:
    """The real path, as far as it exists. Raises `OSError` where links go round or a name is too long."""
    try:
        return Path(os.path.realpath(joined, strict=True))
    except (FileNotFoundError, NotADirectoryError):
        resolved = os.path.realpath(joined)
    # Without `strict`, realpath leaves everything after a circle of links as it was, links too.
    if os.path.realpath(resolved) != resolved:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return Path(resolved)


def _without_links_above(joined: str) -> Path:
    parent, name = os.path.split(joined.rstrip("/"))
    if name in {"", ".", ".."}:
        return _without_links(joined)
    return _without_links(parent) / name


@contextmanager
def naming(display: str) -> Generator[None]:
    """Raise every `OSError` from within again with the same number and `display` as its file name."""
    try:
        yield
    except PathEscapeError:
        raise
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror or os.strerror(error.errno), display) from error


@contextmanager
def open_folder(roots: Roots, folder: Path, *, create: bool = False) -> Generator[int]:
    """A descriptor of `folder`, reached from its root without following one link; with `create`, made on the way.

    Raises `PathEscapeError` outside the folders and `OSError` (ELOOP or ENOTDIR) where a component became a link.
    """
    top = roots.above(folder)
    if top is None:
        raise PathEscapeError(errno.EACCES, "the path lies outside the session's folders", str(folder))
    descriptor = os.open(top, _FOLDER)
    try:
        for name in parts_below(folder, top) or ():
            inner = _step(descriptor, name, create=create)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _step(descriptor: int, name: str, *, create: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=descriptor)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):  # somebody else made it meanwhile
        os.mkdir(name, dir_fd=descriptor)
    return os.open(name, _FOLDER, dir_fd=descriptor)
