"""Why a command asks in every mode: because it destroys, publishes, reaches outside, or cannot be seen through.

This sees what is written down, in whatever quotes, pipes and wrappers. It is a safeguard against a model's mistakes and
the plain kind of injected instruction, not a sandbox: a script of the project can do what it likes once it may run.
"""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from punie_acp.server.programs import program_name, programs
from punie_acp.server.reaching import Place, code_reach, reach
from punie_acp.server.shellparts import beginnings, parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.server.shellparts import Part

MAX_CHARACTERS = 4000
"""Of a command that is looked through; the event loop waits meanwhile."""
MAX_PARTS = 200

_FORK_BOMB = re.compile(r"([\w:.]{1,40})\s{0,9}\(\)\s{0,9}\{[^}]{0,200}\1\s{0,9}[|&]")
_HARMLESS_FOR_GIT = re.compile(
    r"(user|color|advice|init|commit|log|status|push\.default|merge\.conflictstyle)\b", re.IGNORECASE
)
_GIT_RUNS = re.compile(r"--(exec-path|config-env|upload-pack|receive-pack|ext-diff)=")
_CODE = re.compile(
    r"rmtree|\.unlink\b|os\.(remove|rmdir|system|popen|exec|spawn|kill|truncate)|subprocess|shutil\.move|(rm|unlink|rmdir)Sync"
    r"|removeSync|File\.delete|FileUtils|Remove-Item|\brm\s*\(|do shell script|/proc/|(?<!\|)\|&?\s*[\"'](sh|bash)\b"
    r"|child_process|\bsystem\s*[(\"']|from\s+(os|shutil)\s+import|\|\s*getline|\bexec\s*\(|\beval\s*\(|\bsocket\b|urllib|requests\.|\bfetch\s*\(|__import__|\bunlink\b"
)
_WITH_BACKTICKS = frozenset({"perl", "ruby", "php"})
"""In these a text in backticks is a command, and so are words behind `system`, without brackets too."""
_STARTS = re.compile(
    r"`|\bqx\b|%x\W|(?<![\w/\"'$@%.:])(system|exec|spawn|popen|fork|rmdir|rename)\s*[\w(\"'$@\[%]|\bpopen|\bopen3"
)
_PS_SHOWS = re.compile(r"[aefghjlmnrsuvwxSTUXZ]*e[aefghjlmnrsuvwxSTUXZ]*|-\w*E\w*")
_OF_DATABASES = frozenset({"psql", "mysql", "mariadb", "sqlite3", "duckdb", "sqlcmd"})
_DROPS = re.compile(r"\b(drop|truncate)\s+(table|database|schema|view|index)\b|\bdelete\s+from\b", re.IGNORECASE)
_PIPED_CODE = frozenset(
    {"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "python", "python3", "node", "perl", "ruby", "php"}
)


def danger(command: str, cwd: Path, roots: Sequence[Path], *, fed: bool = False) -> str | None:
    """Why `command`, run in `cwd` of a session with these folders, asks in every mode; or None.

    The words go on after "it": "deletes files for good (rm -rf build)". `fed` says that it is given something to read.
    """
    if len(command) > MAX_CHARACTERS:
        return "is too long to be looked through"
    if _FORK_BOMB.search(command):
        return "starts processes without end"
    place = Place(cwd, [Path(os.path.realpath(root)) for root in roots])
    for number, part in enumerate(parts_of(command)):
        if number == MAX_PARTS:
            return "has too many parts to be looked through"
        reason = _of_part(replace(part, piped=part.piped or fed), place)
        if reason is not None:
            return reason
        place.follow(part)
    return None


def _of_part(part: Part, place: Place) -> str | None:
    if part.code is not None:
        plain = "runs code that deletes files, starts programs or uses the network"
        starts = part.language in _WITH_BACKTICKS and _STARTS.search(part.code)
        return plain if starts or _CODE.search(part.code) else code_reach(part.code, place)
    return (
        _unknown_program(part)
        or _by_table(part.plain_words())
        or _statement(part.plain_words())
        or _piped_code(part)
        or _blind(part)
        or _forced_push(part.plain_words())
        or _set_for_git(part)
        or _discards(part, place)
        or _environments(part)
        or reach(part, place)
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
        arguments = _behind(words[1:], begins)
        if arguments is None:
            continue
        if not options or any(_is_option(word, option) for word in arguments for option in options):
            return f"{reason} ({' '.join(words[: 1 + len(begins)])}{_shown(arguments, options)})"
    return None


def _behind(words: tuple[str, ...], begins: tuple[str, ...]) -> tuple[str, ...] | None:
    """What stands behind a subcommand, in front of which options may stand; None where it is another."""
    if not begins:
        return words
    ends = (place + len(begins) for place in beginnings(words))
    found = (end for end in ends if tuple(word.lower() for word in words[end - len(begins) : end]) == begins)
    return next((words[end:] for end in found), None)


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


def _statement(words: tuple[str, ...]) -> str | None:
    if words and program_name(words[0]) in _OF_DATABASES and any(map(_DROPS.search, words[1:])):
        return f"deletes from a database ({program_name(words[0])})"
    return None


def _piped_code(part: Part) -> str | None:
    """`curl … | sh`: a shell or interpreter that reads its program from somewhere else."""
    words = part.plain_words()
    name = re.sub(r"(?<=.)[0-9.]+$", "", program_name(words[0])) if words else ""
    if name not in _PIPED_CODE and name not in ("source", "."):
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


def _settings(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The setting that `git config` changes, if it does."""
    words = [word for word in arguments if not word.startswith("-") and word not in ("set", "get", "list")]
    return tuple(words[:1]) if len(words) > 1 else ()


def _discards(part: Part, place: Place) -> str | None:
    """`git checkout a.py`, `git checkout HEAD~1 src`: a word that is no branch but something that is there."""
    words = part.plain_words()
    paths = (
        (place.path(word) for word in words[2:] if not word.startswith("-")) if words[:2] == ("git", "checkout") else ()
    )
    if any(path is not None and path.exists() for path in paths):
        return "throws away changes that are not committed (git checkout)"
    return None


def _environments(part: Part) -> str | None:
    """`ps eww`: without a dash, this letter has it show the variables of every program."""
    words = part.plain_words()
    if not words or program_name(words[0]) != "ps":
        return None
    for before, word in itertools.pairwise(words):
        is_argument = re.fullmatch(r"-\w*[oOCuUGgtpqs]|\w*[oO]", before)
        if not is_argument and _PS_SHOWS.fullmatch(word):
            return f"shows the variables of other programs (ps {word})"
    return None


def _set_for_git(part: Part) -> str | None:
    """`git -c alias.x='!…' x`: a setting for this once, of the kinds that git runs."""
    texts = [word.text for word in part.words]
    if not texts or program_name(texts[0]) != "git":
        return None
    given = [following for option, following in itertools.pairwise(texts) if option == "-c"]
    if part.plain_words()[1:2] == ("config",):
        given += _settings(part.plain_words()[2:])
    if any(not _HARMLESS_FOR_GIT.match(setting) for setting in given) or any(_GIT_RUNS.match(text) for text in texts):
        return "sets what git runs"
    return None
