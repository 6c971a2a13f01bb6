"""What .gitignore hides, by git's own rules: nested files, negations, and `.git/info/exclude`.

Two simplifications: the user's global excludes are not read, and a file that is tracked although a pattern hides it
counts as hidden (only git's index knows better). A hidden file can still be read; that asks first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pathspec import GitIgnoreSpec


class Ignores:
    """The ignore files around one root. Files are read when first needed and again after they change."""

    def __init__(self, root: Path) -> None:
        self._top = _repository(root) or root
        self._specs: dict[Path, tuple[int, GitIgnoreSpec | None]] = {}

    def hides(self, path: Path, *, folder: bool) -> bool:
        """Whether `path` or a folder above it is hidden."""
        if not path.is_relative_to(self._top):
            return False
        parts = path.relative_to(self._top).parts
        place = self._top
        for position, name in enumerate(parts):
            place = place / name
            if self.hides_entry(place, folder=folder or position < len(parts) - 1):
                return True
        return False

    def hides_entry(self, path: Path, *, folder: bool) -> bool:
        """Whether a pattern hides `path` itself, where no folder above it is hidden.

        The nearest ignore file that says something decides, and in it the last pattern that matches.
        """
        if path.name == ".git":
            return True
        place = path.parent
        while True:
            spec = self._spec(place)
            if spec is not None:
                found = spec.check_file(path.relative_to(place).as_posix() + "/" * folder).include
                if found is not None:
                    return found
            if place in {self._top, place.parent}:
                return self._excluded(path, folder=folder)
            place = place.parent

    def _excluded(self, path: Path, *, folder: bool) -> bool:
        spec = self._read(self._top / ".git" / "info" / "exclude")
        name = path.relative_to(self._top).as_posix() + "/" * folder
        return spec is not None and bool(spec.check_file(name).include)

    def _spec(self, folder: Path) -> GitIgnoreSpec | None:
        return self._read(folder / ".gitignore")

    def _read(self, file: Path) -> GitIgnoreSpec | None:
        try:
            changed = file.stat().st_mtime_ns
        except OSError:
            return None
        known = self._specs.get(file)
        if known is None or known[0] != changed:
            known = self._specs[file] = (changed, _parse(file))
        return known[1]


def _parse(file: Path) -> GitIgnoreSpec | None:
    from pathspec import GitIgnoreSpec  # 90 ms: not before the first ignore file

    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:  # one bad pattern must not switch the others off
        return GitIgnoreSpec.from_lines(line for line in lines if _is_pattern(line))


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _repository(root: Path) -> Path | None:
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
