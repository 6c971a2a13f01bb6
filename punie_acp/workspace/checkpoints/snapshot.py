"""What all files of a project are like, by their stat, and from one look to the next what has changed.

A file is read only where its size, times, inode or mode are not those of the last look, which the database remembers
from one session to the next. What .gitignore hides, and `.git`, is not looked at.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from punie_acp.workspace.checkpoints.database import keep_content, keep_seen
from punie_acp.workspace.checkpoints.values import ABSENT, Entry, Touched, file_entry, file_not_kept
from punie_acp.workspace.find import Stopped
from punie_acp.workspace.ignores import Ignores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from punie_acp.workspace.checkpoints.database import Database

_CLOCK_SLACK = 20_000_000  # nanoseconds: a file may change again in so short a time without a new time stamp
_BATCH_BYTES = 8 * 1024 * 1024  # of contents in one transaction


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a project is followed. What is over a limit is not brought back when a command changes it."""

    files: int = 20_000  # and folders
    file_bytes: int = 8 * 1024 * 1024  # one file
    total_bytes: int = 512 * 1024 * 1024  # all files together
    seconds: float = 20.0  # one look


class Known(NamedTuple):
    """A path as it was at the last look."""

    signature: str
    entry: Entry
    is_settled: bool  # a later change would have changed the signature


class Snapshot:
    """The last look at the files below `roots`. It blocks, so it is used in threads, one at a time."""

    def __init__(self, roots: Sequence[Path], database: Database, limits: Limits) -> None:
        self._roots = roots
        self._database = database
        self._limits = limits
        self._ignores = {root: Ignores(root) for root in roots}
        self._hidden: dict[str, bool] = {}  # whether .gitignore hides a path
        self._ignore_files: dict[str, str] = {}  # signatures by path
        self._ignores_changed = False
        self._known: dict[str, Known] = {}
        self._kept_bytes = 0
        self._is_complete = True
        self._lock = threading.Lock()
        self.is_taken = False  # whether there was a look
        self.notices: list[str] = []  # for the user; whoever shows them takes them out

    def refresh(self, since: float, stop: Callable[[], bool]) -> list[Touched]:
        """Look again: what is not as it was at the last look, which was at `since` (seconds since the epoch).

        Raises `Stopped` soon after `stop` is true.
        """
        with self._lock:
            return self._refresh(since, stop)

    def _refresh(self, since: float, stop: Callable[[], bool]) -> list[Touched]:
        if not self.is_taken:
            self._recall()
        was_complete = self._is_complete
        found = dict(self._walk(stop))
        changes = self._read_changed(found, stop)
        changes += self._gone(found)
        if self._ignores_changed or not (was_complete and self._is_complete):
            changes = [change for change in changes if change.before.kind != "absent" or _is_new(change.path, since)]
        return changes

    def _recall(self) -> None:
        """Begin with what the last session saw."""
        self._known = {path: Known(*seen, is_settled=True) for path, seen in self._database.seen().items()}
        self._kept_bytes = sum(_size(known.signature) for known in self._known.values())
        self.is_taken = True

    def note(self, path: Path) -> None:
        """`path` was changed by a call that is recorded by itself."""
        with self._lock:
            if not self.is_taken:
                return
            self._known.pop(str(path), None)
            found = _stat(str(path))
            if found is not None and not self._is_hidden(path):
                self._read_changed({str(path): found}, lambda: False)

    def _is_hidden(self, path: Path) -> bool:
        root = next((root for root in self._roots if path.is_relative_to(root)), None)
        return root is None or self._ignores[root].hides(path, folder=path.is_dir())

    # Walking.

    def _walk(self, stop: Callable[[], bool]) -> Iterator[tuple[str, os.stat_result]]:
        """Every path that is followed, folders before what is in them."""
        self._ignores_changed = False
        deadline, count = time.monotonic() + self._limits.seconds, 0
        self._is_complete = True
        for root in self._roots:
            waiting = [(str(root), self._ignore_files_changed(root))]
            for folder, is_fresh in waiting:
                if stop():
                    raise Stopped
                for entry, found, below_is_fresh in self._entries(folder, root, is_fresh=is_fresh):
                    if count == self._limits.files or time.monotonic() > deadline:
                        self._say_incomplete()
                        return
                    yield entry.path, found
                    count += 1
                    if stat.S_ISDIR(found.st_mode):
                        waiting.append((entry.path, below_is_fresh))

    def _entries(
        self, folder: str, root: Path, *, is_fresh: bool
    ) -> Iterator[tuple[os.DirEntry[str], os.stat_result, bool]]:
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            return
        ignore_file = next((entry for entry in entries if entry.name == ".gitignore"), None)
        is_fresh |= self._is_new_ignore_file(f"{folder}/.gitignore", ignore_file is not None)
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if not self._hides(entry.path, root, folder=stat.S_ISDIR(found.st_mode), is_fresh=is_fresh):
                yield entry, found, is_fresh

    def _hides(self, path: str, root: Path, *, folder: bool, is_fresh: bool) -> bool:
        known = None if is_fresh else self._hidden.get(path)
        if known is None:
            known = self._hidden[path] = self._ignores[root].hides_entry(path, folder=folder)
        return known

    def _ignore_files_changed(self, root: Path) -> bool:
        """Whether one of those above `root` has changed."""
        above = [f"{folder}/{name}" for folder in root.parents for name in (".gitignore", ".git/info/exclude")]
        files = [*above, f"{root}/.git/info/exclude"]
        changed = [self._is_new_ignore_file(file, os.path.lexists(file)) for file in files]  # each is noted
        return any(changed)

    def _is_new_ignore_file(self, file: str, exists: bool) -> bool:
        found = _stat(file) if exists else None
        signature = "" if found is None else _signature(found)
        if self._ignore_files.get(file, "") == signature:
            return False
        self._ignore_files[file] = signature
        self._ignores_changed = True
        return True

    def _say_incomplete(self) -> None:
        if self._is_complete:
            self._is_complete = False
            self.notices.append(
                f"This project has more than {self._limits.files:,} files, or is slow to read. /undo brings back "
                "what programs write, but of what commands change only a part."
            )

    # Reading.

    def _read_changed(self, found: dict[str, os.stat_result], stop: Callable[[], bool]) -> list[Touched]:
        changes: list[Touched] = []
        for batch in _batches(self._stale(found)):
            if stop():
                raise Stopped
            with self._database.writing() as connection:
                seen: dict[str, tuple[str, Entry]] = {}
                for path, facts in batch:
                    is_settled = _is_settled(facts)
                    entry, data = self._read(path, facts)
                    if data is not None:
                        keep_content(connection, data)
                    before = self._known.get(path)
                    known = Known(_signature(facts), entry, is_settled)
                    self._known[path] = known
                    if known.is_settled:
                        seen[path] = known.signature, entry
                    if before is None or before.entry != entry:
                        changes.append(Touched(_path(path), before.entry if before else ABSENT, entry))
                keep_seen(connection, seen)
        return changes

    def _stale(self, found: dict[str, os.stat_result]) -> Iterator[tuple[str, os.stat_result]]:
        for path, facts in found.items():
            known = self._known.get(path)
            if known is None or not known.is_settled or known.signature != _signature(facts):
                yield path, facts

    def _read(self, path: str, facts: os.stat_result) -> tuple[Entry, bytes | None]:
        """What is at `path`, and the content of a file that is kept."""
        mode = stat.S_IMODE(facts.st_mode)
        if stat.S_ISDIR(facts.st_mode):
            return Entry("folder", mode), None
        try:
            if stat.S_ISLNK(facts.st_mode):
                return Entry("link", 0, os.readlink(path)), None  # noqa: PTH115 - a Path takes longer to make
            if not stat.S_ISREG(facts.st_mode):
                return Entry("other"), None
            if facts.st_size <= self._limits.file_bytes and self._has_room(path, facts.st_size):
                data = read_regular_file(path)
                return file_entry(data, mode), data
        except OSError:
            pass  # gone again, or not ours to read
        return file_not_kept(mode, facts.st_size, facts.st_mtime_ns, facts.st_ino), None

    def _has_room(self, path: str, size: int) -> bool:
        if path not in self._known:
            self._kept_bytes += size
        if self._kept_bytes <= self._limits.total_bytes:
            return True
        note = (
            f"This project's files are larger than {self._limits.total_bytes // 2**20:,} MiB together. /undo brings "
            "back what programs write, but of what commands change only a part."
        )
        if note not in self.notices:
            self.notices.append(note)
        return False

    def _gone(self, found: dict[str, os.stat_result]) -> list[Touched]:
        """What was there at the last look and is not any more."""
        missing = [path for path in self._known if path not in found]
        gone = [path for path in missing if not os.path.lexists(path)]
        changes = [Touched(_path(path), self._known[path].entry, ABSENT) for path in gone]
        for path in missing:
            del self._known[path]
        if missing:
            with self._database.writing() as connection:
                keep_seen(connection, {}, missing)
        return changes


def _batches(stale: Iterable[tuple[str, os.stat_result]]) -> Iterator[list[tuple[str, os.stat_result]]]:
    batch: list[tuple[str, os.stat_result]] = []
    size = 0
    for path, facts in stale:
        batch.append((path, facts))
        size += facts.st_size
        if size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _signature(facts: os.stat_result) -> str:
    """What changes whenever a file does. A folder's times change with what is in it, which does not matter here."""
    if stat.S_ISDIR(facts.st_mode):
        return f"{facts.st_mode}"
    return f"{facts.st_mode} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns} {facts.st_ino}"


def _size(signature: str) -> int:
    return int(signature.split()[1]) if " " in signature else 0


def _is_settled(facts: os.stat_result) -> bool:
    return time.time_ns() - facts.st_ctime_ns > _CLOCK_SLACK


def read_regular_file(path: str) -> bytes:
    """All of a file; a link in its place is not followed, and a pipe not waited for. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _is_new(path: Path, since: float) -> bool:
    """Whether what is at `path` came there after `since`, and did not only come into sight."""
    found = _stat(str(path))
    return found is not None and found.st_ctime_ns >= since * 1e9 - _CLOCK_SLACK


def _path(path: str) -> Path:
    from pathlib import Path

    return Path(path)
