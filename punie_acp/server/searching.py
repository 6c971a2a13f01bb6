"""Recursive searches that would print a file in which secrets are kept: `grep -r KEY .` beside a `.env`.

Only what is there counts: in a project without such files no search asks. Packages that were fetched are not looked
through, and of a large tree only so much as the event loop may wait for; what lies near its top comes first.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.server.programs import program_name
from punie_acp.workspace.ignores import Ignores
from punie_acp.workspace.sensitive import secret_reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from punie_acp.server.reaching import Place
    from punie_acp.server.shellparts import Part

MAX_ENTRIES = 4000
"""Of all folders in which secrets are looked for; the event loop waits meanwhile."""

_GREP = frozenset({"grep", "egrep", "fgrep", "rgrep", "ggrep", "zgrep"})
_FETCHED = frozenset(
    {".git", "node_modules", ".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox", "vendor"}
)
_SILENT = frozenset({"-l", "-L", "-q", "-c", "--files", "--count", "--quiet", "--silent"}) | frozenset(
    {"--files-with-matches", "--files-without-match", "--count-matches", "--type-list", "--help", "--version"}
)
"""Options with which no line is printed."""
_LETTERS = {"grep": "efABCmdD", "rg": "efABCmgtTjMErd"}
"""Options that take an argument; the long ones below."""
_LONG = {
    "grep": """
        regexp file include exclude exclude-dir exclude-from after-context before-context context max-count directories
        devices binary-files label
    """,
    "rg": """
        regexp file glob iglob type type-not max-count max-depth threads replace encoding after-context before-context
        context sort sortr ignore-file pre engine color colors
    """,
}


@dataclass(slots=True)
class _Search:
    """What a search is told."""

    flags: set[str] = field(default_factory=set[str])  # "-r", "--hidden"; "-u" as often as it stands there: "-uu"
    given: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # options with an argument
    words: list[str] = field(default_factory=list[str])

    def arguments_of(self, *options: str) -> list[str]:
        return [value for option, value in self.given if option in options]

    def places(self) -> list[str]:
        """The files and folders that it looks into."""
        has_pattern = self.arguments_of("-e", "-f", "--regexp", "--file")
        return (self.words if has_pattern else self.words[1:]) or ["."]


def searched_secret(part: Part, place: Place) -> str | None:
    """Why `part` asks, if it is such a search. The words go on after "it"."""
    words = part.plain_words()
    name = program_name(words[0]) if words else ""
    if name not in _GREP and name != "rg":
        return None
    search = _read([word.text for word in part.words[1:]], "rg" if name == "rg" else "grep")
    if search.flags & _SILENT or not _is_recursive(name, search, part):
        return None
    for text in search.places():
        found = _secret_below(text, place, search, is_careful=name == "rg")
        if found is not None:
            return found
    return None


def _is_recursive(name: str, search: _Search, part: Part) -> bool:
    if name == "rg":
        return bool(search.places() != ["."] or not part.piped)
    recurses = "recurse" in search.arguments_of("-d", "--directories")
    return name == "rgrep" or recurses or bool(search.flags & {"-r", "-R", "--recursive", "--dereference-recursive"})


def _read(texts: Sequence[str], dialect: str) -> _Search:
    letters, long = _LETTERS[dialect], _LONG[dialect].split()
    search, rest, unrestricted = _Search(), deque(texts), 0
    while rest:
        text = rest.popleft()
        option, equals, value = text.partition("=")
        if text == "--":
            search.words += rest
            break
        if text.startswith("--"):
            takes = bool(equals) or option[2:] in long
            value = value if equals or not takes or not rest else rest.popleft()
            search.given.append((option, value)) if takes else search.flags.add(option)
        elif text.startswith("-") and len(text) > 1:
            at = next((at for at, letter in enumerate(text) if at and letter in letters), None)
            search.flags |= {f"-{letter}" for letter in text[1:at]}
            unrestricted += text[1:at].count("u")
            if at is not None:
                search.given.append((f"-{text[at]}", text[at + 1 :] or (rest.popleft() if rest else "")))
        else:
            search.words.append(text)
    search.flags |= {"-" + "u" * count for count in range(1, unrestricted + 1)}
    return search


def _secret_below(text: str, place: Place, search: _Search, *, is_careful: bool) -> str | None:
    """A file of secrets in the folder that `text` names, which `search` would open."""
    fixed = text[: min((text.index(char) for char in "*?[{" if char in text), default=len(text))]
    folder = place.path(fixed.rpartition("/")[0] or "." if fixed != text else text)
    if folder is None or "$" in text or not folder.is_dir():
        return None
    above = place.below(folder)
    before = list(folder.parts) if above is None else above
    filters = _Filters.of(search, folder, is_careful=is_careful)
    for steps in _files_below(folder, filters):
        reason = secret_reason_of([*before, *steps])
        if reason is not None and filters.opens(folder, steps):
            return f"searches {'/'.join(steps)} as well: {reason}"
    return None


@dataclass(frozen=True, slots=True)
class _Filters:
    """Which files a search opens."""

    only: Sequence[str]  # patterns of names; without any, all
    never: Sequence[str]
    never_folders: Sequence[str]
    hidden: bool
    ignores: Ignores | None  # what it leaves out
    by_type: bool = False  # only files of source code

    @classmethod
    def of(cls, search: _Search, folder: Path, *, is_careful: bool) -> _Filters:
        """`is_careful`: as `rg`, which leaves out what begins with a dot and what .gitignore hides, if not told to."""
        if not is_careful:
            only, never = search.arguments_of("--include"), search.arguments_of("--exclude")
            return cls(only, never, search.arguments_of("--exclude-dir"), hidden=True, ignores=None)
        globs = search.arguments_of("-g", "--glob", "--iglob")
        return cls(
            only=[glob.rpartition("/")[2] for glob in globs if not glob.startswith("!")],
            never=[glob[1:].strip("/") for glob in globs if glob.startswith("!")],
            never_folders=[glob[1:].strip("/") for glob in globs if glob.startswith("!")],
            hidden=bool(search.flags & {"--hidden", "-.", "-uu"}),
            ignores=None if search.flags & {"-u", "--no-ignore", "--no-ignore-vcs"} else Ignores(folder),
            by_type=bool(search.arguments_of("-t", "--type")),
        )

    def enters(self, name: str) -> bool:
        """Whether it looks into a folder of this name."""
        return (self.hidden or not name.startswith(".")) and not _matches(name, self.never_folders)

    def opens(self, folder: Path, steps: Sequence[str]) -> bool:
        """Whether it opens a file below `folder`."""
        name = steps[-1]
        if self.by_type or (self.only and not _matches(name, self.only)) or _matches(name, self.never):
            return False
        if name.startswith(".") and not self.hidden:
            return False
        return self.ignores is None or not self.ignores.hides(Path(folder, *steps), folder=False)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _files_below(folder: Path, filters: _Filters) -> Iterator[list[str]]:
    """The files below `folder`, level by level, as the steps that lead to them."""
    left, waiting = MAX_ENTRIES, deque[list[str]]([[]])
    while waiting and left > 0:
        steps = waiting.popleft()
        try:
            entries = os.scandir(Path(folder, *steps))
        except OSError:
            continue
        with entries:
            for entry in entries:
                left -= 1
                if left < 0:
                    return
                if not entry.is_dir(follow_symlinks=False):
                    yield [*steps, entry.name]
                elif entry.name not in _FETCHED and filters.enters(entry.name):
                    waiting.append([*steps, entry.name])
