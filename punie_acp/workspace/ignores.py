"""What .gitignore hides, by git's own rules: nested files, negations, and `.git/info/exclude`.

Two simplifications: the user's global excludes are not read, and a file that is tracked although a pattern hides it
counts as hidden (only git's index knows better). A hidden file can still be read; that asks first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.workspace.paths import parts_below

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class Ignores:
    """The ignore files around one root. Files are read when first needed and again after they change.

    Paths are handled as strings here: this runs for every file that a program reads or a glob sees.
    """

    def __init__(self, root: Path) -> None:
        self._top = str(_repository(root) or root)
        self._specs: dict[str, tuple[int, GitIgnoreSpec | None]] = {}

    def hides(self, path: Path, *, folder: bool) -> bool:
        """Whether `path` or a folder above it is hidden."""
        place, below = self._top, parts_below(path, Path(self._top))
        if not below:
            return False
        *above, name = below
        for part in above:
            place = f"{place}/{part}"
            if self.hides_entry(place, folder=True):
                return True
        return self.hides_entry(f"{place}/{name}", folder=folder)

    def hides_entry(self, path: str, *, folder: bool) -> bool:
        """Whether a pattern hides `path` itself, where no folder above it is hidden.

        The nearest ignore file that says something decides, and in it the last pattern that matches.
        """
        if path.endswith("/.git"):
            return True
        ending = "/" * folder
        place = path.rpartition("/")[0]
        while True:
            found = self._says(f"{place}/.gitignore", path[len(place) + 1 :] + ending)
            if found is not None:
                return found
            if len(place) <= len(self._top):
                return bool(self._says(f"{self._top}/.git/info/exclude", path[len(self._top) + 1 :] + ending))
            place = place.rpartition("/")[0]

    def _says(self, file: str, name: str) -> bool | None:
        """What an ignore file says of `name`, relative to where it counts: hidden, not hidden, nothing."""
        spec = self._read(file)
        return None if spec is None else spec.check_file(name).include

    def _read(self, file: str) -> GitIgnoreSpec | None:
        try:
            changed = os.stat(file).st_mtime_ns  # noqa: PTH116 - a Path takes longer to make than to ask for
        except OSError:
            return None
        known = self._specs.get(file)
        if known is None or known[0] != changed:
            known = self._specs[file] = (changed, _parse(Path(file)))
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
