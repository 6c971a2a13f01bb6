"""Where a command of a shell line reaches: what it writes outside of the project, and the secrets that it names."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.server.programs import program_name, programs
from punie_acp.server.searching import searched_secret
from punie_acp.server.shellparts import Word
from punie_acp.workspace.paths import parts_below
from punie_acp.workspace.sensitive import secret_reason, secret_reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from punie_acp.server.programs import Outputs
    from punie_acp.server.shellparts import Part

MAX_ENTRIES = 1000
"""Of a folder in which a glob is looked up; the event loop waits meanwhile."""

_DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/", "/dev/stdin")
_IN_PLACE = {"sed": re.compile(r"-[nErsuz]*i|--in-place"), "perl": re.compile(r"-[pnlaw0]*i")}
_TAR_MAKES = re.compile(r"-?[A-Za-z]*[cruA]|--(create|append|update|concatenate)$")
_GIT_READS = frozenset(
    {"blame", "cat-file", "describe", "diff", "grep", "log", "ls-files", "ls-tree", "rev-list", "rev-parse", "shortlog"}
    | {"show", "status"}
)
_GIT_PLACES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE"})
_EDITORS = frozenset({"vi", "vim", "nvim", "ex"})
_VI_OPTIONS = frozenset({"-c", "--cmd", "-S", "-s", "-u", "-i", "-T", "-w", "-W"})  # with an argument
_SETTING_VARIABLES = frozenset({"env", "export", "declare", "typeset", "readonly", "set", "setenv"})
_VARIABLES = re.compile(r"/proc/.+/environ$|/proc/[^/]+/[^/]*[*?\[]")
_TEXT = re.compile(r"""(["'])([^"'\n]{1,200})\1""")
_LITERAL = re.compile(r"""(["'])((?:~|/|\.\./)[\w.][^"'\n]*)\1""")
_CODE_WRITES = re.compile(
    r"""open\s*\([^)]*["'][rbt]*[wax+][bt+]*["']|write_?(text|bytes|file)|appendfile|copyfile|copytree|shutil\.copy"""
    r"""|os\.(replace|rename|mkdir|makedirs|symlink|link|truncate)|\.(touch|mkdir)\s*\(|>\s*["']""",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Place:
    """Where a command of a line runs; None where an earlier one went to a folder that is not known before."""

    cwd: Path | None
    roots: Sequence[Path]
    _secret_names: dict[Path, list[str]] = field(default_factory=dict[Path, list[str]])  # by folder

    def path(self, text: str) -> Path | None:
        """The path that a word names, links resolved."""
        if text.startswith("~"):
            text = str(Path.home()) + text[1:] if text[1:2] in ("", "/") else f"/{text}"
        if not text.startswith("/") and self.cwd is None:
            return None
        try:
            return Path(os.path.realpath((self.cwd or Path("/")) / text))
        except (OSError, ValueError):
            return None

    def below(self, path: Path) -> list[str] | None:
        """The steps to `path` from the folder of the session in which it lies."""
        return next((parts for root in self.roots if (parts := parts_below(path, root)) is not None), None)

    def is_outside(self, text: str) -> bool:
        """Whether a word names something outside of the session's folders, or what is not known before."""
        path = self.path(text)
        return path is None or self.below(path) is None

    def secret_names(self, folder: Path) -> list[str]:
        """The names in a folder under which secrets are kept."""
        if folder not in self._secret_names:
            with suppress(OSError), os.scandir(folder) as entries:
                names = [entry.name for entry in islice(entries, MAX_ENTRIES)]
                self._secret_names[folder] = [name for name in names if secret_reason_of((name,))]
        return self._secret_names.setdefault(folder, [])

    def follow(self, part: Part) -> None:
        """Go where the commands behind `part` run: it may be a `cd`."""
        words = part.words
        if not words or program_name(words[0].text) not in ("cd", "pushd", "popd"):
            return
        target = next((word for word in words[1:] if not word.text.startswith("-")), None)
        known = target is not None and not target.unsure
        self.cwd = self.path(target.text) if target is not None and known else None


def reach(part: Part, place: Place) -> str | None:
    """Why `part` asks for where it reaches, or None. The words go on after "it"."""
    targets = (*_redirected(part), *_written(part))
    reasons = (reason for word in targets if (reason := _target(word, place)))
    reason = next(reasons, None) or _repository_named(part, place) or _other_repository(part, place)
    return reason or _secrets(part, place) or searched_secret(part, place)


def code_reach(code: str, place: Place) -> str | None:
    """The same of the text that an interpreter runs, where it says so plainly."""
    texts = (found[2] for found in _TEXT.finditer(code) if set(found[2]) & set("./"))
    secret = next((f"names {text}: {why}" for text in texts if (why := _secret(text, place))), None)
    if secret is not None:
        return secret
    if not _CODE_WRITES.search(code):
        return None
    outside = (found[2] for found in _LITERAL.finditer(code) if place.is_outside(found[2]))
    text = next((text for text in outside if not text.startswith(_DEVICES)), None)
    return None if text is None else f"runs code that may write outside of the project ({text})"


def _redirected(part: Part) -> Iterator[Word]:
    for operator, target in part.redirects:
        duplicates = operator == ">&" and (target.text.isdigit() or target.text == "-")
        if ">" in operator and not target.text.startswith(_DEVICES) and not duplicates:
            yield target


def _written(part: Part) -> Iterator[Word]:
    """The words that name what a command writes."""
    words = part.plain()
    if not words:
        return
    name, texts = program_name(words[0].text), [word.text.lower() for word in words[1:]]
    in_place = _IN_PLACE.get(name)
    if in_place and any(in_place.match(word.text) for word in words[1:]):
        yield from _no_options(words[1:])
    if name in _EDITORS:
        pairs = pairwise(words)
        yield from (word for before, word in pairs if before.text not in _VI_OPTIONS and word.text[0:1] not in "-+")
    for outputs in programs().outputs.get(name, ()):
        if tuple(texts[: len(outputs.begins)]) == outputs.begins:
            yield from _named(name, words[1 + len(outputs.begins) :], outputs)


def _named(name: str, words: tuple[Word, ...], outputs: Outputs) -> Iterator[Word]:
    options, places = outputs.options, outputs.places
    if name == "tar" and words and _TAR_MAKES.match(words[0].text):
        words = (Word(f"-{words[0].text.lstrip('-')}"), *words[1:]) if "--" not in words[0].text else words
        options = frozenset({"-f", "--file"})
    arguments = list(_arguments(words, options))
    rest = _no_options(words)
    if name == "ln":
        rest = [word for word in rest if not word.unsure] or rest
    into_folder = name in ("cp", "install") and arguments
    chosen = {"FIRST": rest[:1], "SECOND": rest[1:2], "LAST": [] if into_folder else rest[-1:], "ALL": rest}
    yield from (word for word in arguments if not word.text.startswith(_DEVICES))
    yield from (word for which in places for word in chosen[which])


def _no_options(words: Sequence[Word]) -> list[Word]:
    return [word for word in words if not word.text.startswith("-")]


def _arguments(words: Sequence[Word], options: frozenset[str]) -> Iterator[Word]:
    """What `-o x`, `-ox`, `-sSo x`, `--output x` and `--output=x` name."""
    letters = {option[1] for option in options if len(option) == 2}
    for place, word in enumerate(words):
        following = list(words[place + 1 : place + 2])
        option, equals, value = word.text.partition("=")
        if option in options:
            yield from [Word(value, word.unsure)] if equals else following
        elif word.text.startswith("-") and not word.text.startswith("--"):
            behind = next((word.text[at + 1 :] for at, char in enumerate(word.text) if char in letters), None)
            if behind is not None:
                yield from [Word(behind, word.unsure)] if behind else following


def _target(word: Word, place: Place) -> str | None:
    if word.unsure and ("$" in word.text or "`" in word.text):
        return "writes to a place that is only known when it runs"
    # A glob stays below the folder in which it stands.
    fixed = re.split(r"[*?\[{]", word.text)[0]
    path = place.path(fixed or ".")
    if path is None or (below := place.below(path)) is None or _is_remote(word.text):
        return f"writes outside of the project ({word.text})"
    if any(part.lower() == ".git" for part in below):
        return "changes git's own files, which may say what git runs"
    return None


def _is_remote(text: str) -> bool:
    """`host:folder`, as rsync has it."""
    return ":" in text.split("/", maxsplit=1)[0]


def _other_repository(part: Part, place: Place) -> str | None:
    """`git -C elsewhere commit`."""
    texts = [word.text for word in part.words]
    if not texts or program_name(texts[0]) != "git" or next(iter(part.plain_words()[1:]), "") in _GIT_READS:
        return None
    before = part.words[1 : len(part.words) - len(part.plain()) + 1]
    folders = _arguments(before, frozenset({"-C", "--git-dir", "--work-tree"}))
    outside = next((word.text for word in folders if word.unsure or place.is_outside(word.text)), None)
    return None if outside is None else f"works on a repository outside of the project ({outside})"


def _repository_named(part: Part, place: Place) -> str | None:
    """`GIT_DIR=elsewhere git commit`, `env GIT_DIR=…`, `export GIT_DIR=…`."""
    words = part.plain_words()
    if words[:1] == ("git",) and (next(iter(words[1:]), "") in _GIT_READS):
        return None
    given = list(part.assigned)
    if words and program_name(words[0]) in _SETTING_VARIABLES:
        pairs = ((word, *word.text.partition("=")) for word in part.words[1:])
        given += [(name, Word(value, word.unsure)) for word, name, _, value in pairs]
    for name, value in given:
        if name in _GIT_PLACES and value.text and (value.unsure or place.is_outside(value.text)):
            return f"works on a repository outside of the project ({value.text})"
    return None


# Secrets.


def _secrets(part: Part, place: Place) -> str | None:
    """A word that names a file in which secrets are kept: reading those asks in every mode, by whatever means."""
    named = (word for before, word in pairwise(part.words) if not _leaves_out(before.text, word.text))
    words = [*named, *(target for _, target in part.redirects)]
    for text in (piece for word in words for piece in _pieces(word, place)):
        if _VARIABLES.match(text):
            return f"names {text}: the variables of other programs stand there"
        reason = _secret(text, place)
        if reason is not None:
            return f"names {text}: {reason}"
    return None


def _leaves_out(before: str, text: str) -> bool:
    """`--exclude=.env`, `--exclude .env`, `-g '!.env'`."""
    by_glob = before in ("-g", "--glob", "--iglob") and text.startswith("!")
    return text.startswith(("--exclude=", "--glob=!")) or before == "--exclude" or by_glob


def _pieces(word: Word, place: Place) -> Iterator[str]:
    """The texts in a word that may name a file: `--data=@file`, and what a glob stands for."""
    text = word.text
    named = (text, *text.split("=")[1:], *text.split("@")[1:])
    yield from named
    yield from (one.replace("*", "") for one in named if "*" in one)  # `.env*`, `*.pem`, whoever looks it up
    folder, slash, pattern = text.rpartition("/")
    path = (
        place.path(folder + slash) if word.unsure and set(pattern) & set("*?[") and not set(text) & set("$`") else None
    )
    if path is None or set(folder) & set("*?["):
        return
    shown = (name for name in place.secret_names(path) if pattern.startswith(".") or not name.startswith("."))
    yield from (folder + slash + name for name in shown if fnmatchcase(name, pattern))


def _secret(text: str, place: Place) -> str | None:
    if not text or "://" in text or text.startswith("-") or len(text) > 4096 or "\n" in text:
        return None
    path = place.path(text)
    below = None if path is None else place.below(path)
    named = Path(text) if below is None else Path(*below)
    return secret_reason(named) or secret_reason(named / "-")  # a folder of keys
