"""Why a command asks in every mode: because it destroys, publishes, reaches outside, or cannot be seen through.

This sees what is written down, in whatever quotes, pipes and wrappers. It is a safeguard against a model's mistakes and
the plain kind of injected instruction, not a sandbox: a script of the project can do what it likes once it may run.
"""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.server.programs import program_name, programs
from punie_acp.server.shellparts import parts_of
from punie_acp.workspace.paths import parts_below
from punie_acp.workspace.sensitive import secret_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.server.shellparts import Part, Word

MAX_CHARACTERS = 4000
"""Of a command that is looked through; the event loop waits meanwhile."""
MAX_PARTS = 200

_FORK_BOMB = re.compile(r"([\w:.]{1,40})\s{0,9}\(\)\s{0,9}\{[^}]{0,200}\1\s{0,9}[|&]")
_HARMLESS_FOR_GIT = re.compile(
    r"(user|color|advice|init|commit|log|status|push\.default|merge\.conflictstyle)\b", re.IGNORECASE
)
_GIT_RUNS = re.compile(r"--(exec-path|config-env|upload-pack|receive-pack|ext-diff)=")
_DEVICES = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/", "/dev/stdin")
_CODE = re.compile(
    r"rmtree|\.unlink\b|os\.(remove|rmdir|system|popen|exec|spawn)|subprocess|shutil\.move|rmSync|unlinkSync|rmdirSync"
    r"|child_process|\bsystem\s*\(|\bexec\s*\(|\beval\s*\(|\bsocket\b|urllib|requests\.|\bfetch\s*\(|__import__|\bunlink\b"
)
_WRITERS = frozenset(
    {"cp", "install", "ln", "mkdir", "mv", "rm", "rmdir", "rsync", "tee", "touch", "truncate", "unlink"}
)
_LAST_IS_TARGET = frozenset({"cp", "install", "rsync"})
_PIPED_CODE = frozenset(
    {"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "python", "python3", "node", "perl", "ruby", "php"}
)


@dataclass(slots=True)
class _Place:
    """Where a command of a line runs; None where an earlier one went to a folder that is not known before."""

    cwd: Path | None
    roots: Sequence[Path]

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


def danger(command: str, cwd: Path, roots: Sequence[Path], *, fed: bool = False) -> str | None:
    """Why `command`, run in `cwd` of a session with these folders, asks in every mode; or None.

    The words go on after "it": "deletes files for good (rm -rf build)". `fed` says that it is given something to read.
    """
    if len(command) > MAX_CHARACTERS:
        return "is too long to be looked through"
    if _FORK_BOMB.search(command):
        return "starts processes without end"
    place = _Place(cwd, [Path(os.path.realpath(root)) for root in roots])
    for number, part in enumerate(parts_of(command)):
        if number == MAX_PARTS:
            return "has too many parts to be looked through"
        reason = _of_part(replace(part, piped=part.piped or fed), place)
        if reason is not None:
            return reason
        _follow(part, place)
    return None


def _of_part(part: Part, place: _Place) -> str | None:
    if part.code is not None:
        return "runs code that deletes files, starts programs or uses the network" if _CODE.search(part.code) else None
    return (
        _unknown_program(part)
        or _by_table(part.plain_words())
        or _piped_code(part)
        or _blind(part)
        or _forced_push(part.plain_words())
        or _set_for_git(part)
        or _redirects(part, place)
        or _written(part, place)
        or _secrets(part, place)
    )


def _unknown_program(part: Part) -> str | None:
    if part.words and part.words[0].unsure and part.words[0].text not in ("[", "{", "~"):
        return "runs a program whose name is only known when it runs"
    return None


def _by_table(words: tuple[str, ...]) -> str | None:
    """What `programs.toml` says of these words."""
    if not words:
        return None
    known, name = programs().danger, program_name(words[0])
    for begins, options, reason in known.get(name) or known.get(name.split(".")[0], ()):  # mkfs.ext4
        rest = words[1:]
        if [word.lower() for word in rest[: len(begins)]] != list(begins):
            continue
        arguments = rest[len(begins) :]
        if not options or any(_is_option(word, option) for word in arguments for option in options):
            return f"{reason} ({' '.join(words[: 1 + len(begins)])}{_shown(arguments, options)})"
    return None


def _is_option(word: str, option: str) -> bool:
    given = word.split("=", maxsplit=1)[0]
    if option.startswith("--") and len(option) > 2:
        return len(given) > 3 and option.startswith(given)
    if len(option) == 2 and option[0] == "-" and option[1].isalpha():
        return word.startswith("-") and not word.startswith("--") and option[1] in word[1:]
    return word == option


def _shown(arguments: tuple[str, ...], options: tuple[str, ...]) -> str:
    found = next((word for word in arguments if any(_is_option(word, option) for option in options)), None)
    return f" {found}" if found else ""


def _piped_code(part: Part) -> str | None:
    """`curl … | sh`: a shell or interpreter that reads its program from somewhere else."""
    words = part.plain_words()
    name = re.sub(r"[0-9.]+$", "", program_name(words[0])) if words else ""
    if name not in _PIPED_CODE:
        return None
    given = [word for word in words[1:] if not word.startswith("-") or word == "-"]
    fed = part.piped or any(operator.startswith("<") for operator, _ in part.redirects)
    substituted = any(word.unsure and word.text.startswith(("<(", "`", "$(")) for word in part.words[1:])
    if substituted or (fed and (not given or given[0] in ("-", "/dev/stdin"))):
        return f"runs what another command gives it ({name})"
    return None


def _blind(part: Part) -> str | None:
    """`rm *`, `rm $X`: what is deleted is only known when it runs."""
    words = part.plain_words()
    if words and program_name(words[0]) in ("rm", "unlink") and any(word.unsure for word in part.words[1:]):
        return "deletes files whose names are only known when it runs"
    return None


def _forced_push(words: tuple[str, ...]) -> str | None:
    if words[:2] == ("git", "push") and any(word.startswith(("+", ":")) for word in words[2:]):
        return "rewrites or deletes branches or their history (git push)"
    return None


def _set_for_git(part: Part) -> str | None:
    """`git -c alias.x='!…' x`: a setting for this once, of the kinds that git runs."""
    texts = [word.text for word in part.words]
    if not texts or program_name(texts[0]) != "git":
        return None
    given = [following for option, following in itertools.pairwise(texts) if option == "-c"]
    if any(not _HARMLESS_FOR_GIT.match(setting) for setting in given) or any(_GIT_RUNS.match(text) for text in texts):
        return "sets what git runs"
    return None


# Where it reaches.


def _redirects(part: Part, place: _Place) -> str | None:
    for operator, target in part.redirects:
        if ">" not in operator or target.text.startswith(_DEVICES) or (operator == ">&" and target.text.isdigit()):
            continue
        if operator == ">&" and target.text == "-":
            continue
        if reason := _target(target, place):
            return reason
    return None


def _written(part: Part, place: _Place) -> str | None:
    words = part.words
    name = program_name(words[0].text) if words else ""
    in_place = name in ("sed", "perl") and any(word.text.startswith(("-i", "--in-place")) for word in words[1:])
    if name not in _WRITERS and not in_place:
        return None
    targets = [word for word in words[1:] if not word.text.startswith("-")]
    directories = [word for word in words[1:] if word.text.startswith(("--target-directory=", "-t/", "-t.."))]
    if name in _LAST_IS_TARGET:
        targets = targets if any(word.text in ("-t", "--target-directory") for word in words) else targets[-1:]
    if name == "ln":
        targets = [word for word in targets if not word.unsure] or targets
    for word in [*targets, *directories]:
        if reason := _target(word, place):
            return reason
    return None


def _target(word: Word, place: _Place) -> str | None:
    text = word.text.removeprefix("--target-directory=").removeprefix("-t") if word.text.startswith("-") else word.text
    if word.unsure and (text.startswith(("$", "`")) or "$" in text or "`" in text):
        return "writes to a place that is only known when it runs"
    # A glob stays below the folder in which it stands.
    fixed = re.split(r"[*?\[{]", text)[0]
    path = place.path(fixed or ".")
    if path is None or (below := place.below(path)) is None:
        return f"writes outside of the project ({text})"
    if any(part.lower() == ".git" for part in below):
        return "changes git's own files, which may say what git runs"
    return None


def _secrets(part: Part, place: _Place) -> str | None:
    """A word that names a file in which secrets are kept: reading those asks in every mode, by whatever means."""
    texts = [word.text for word in (*part.words[1:], *(target for _, target in part.redirects))]
    for piece in [piece for text in texts for piece in (text, *text.split("=")[1:], *text.split("@")[1:])]:
        reason = _secret(piece, place)
        if reason is not None:
            return f"names {piece}: {reason}"
    return None


def _secret(text: str, place: _Place) -> str | None:
    if not text or "://" in text or text.startswith("-") or len(text) > 4096 or "\n" in text:
        return None
    path = place.path(text)
    below = None if path is None else place.below(path)
    return secret_reason(Path(text) if below is None else Path(*below))


def _follow(part: Part, place: _Place) -> None:
    """Where the commands behind `cd` run."""
    words = part.words
    if not words or program_name(words[0].text) not in ("cd", "pushd", "popd"):
        return
    target = next((word for word in words[1:] if not word.text.startswith("-")), None)
    known = target is not None and not target.unsure
    place.cwd = place.path(target.text) if target is not None and known else None
