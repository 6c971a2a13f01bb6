"""What of the project a prompt names: nobody can answer it who has not looked there."""

from __future__ import annotations

import re
import shutil
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Wanted = Literal["answer", "change", "rename", "unknown"]
"""What a prompt wants: an answer alone, something changed, a name changed in many places."""

_WORD = re.compile(r"[\w./\\-]+")
_FOLDER = {"folder", "directory"}
_RUN = re.compile(r"\s*(?:please\s+)?run\s+[`'\"]?([\w./-]+)", re.IGNORECASE)
_RUN_TOO = re.compile(r"(?:\b(?:then|and|please)|,)\s+run\s+[`'\"]?([\w./-]+)", re.IGNORECASE)
_COMMAND_END = re.compile(r"[.!?](?:\s|$)|[,;\n]|\s(?:and|then|to see)\s")
_OF_FILES = re.compile(r"\b(?:which|how many)\s+(?:\w+\s+)?files?\b|\bthis (?:project|repository)\b", re.IGNORECASE)
_CHANGE = re.compile(
    r"(?:^|[.!?;:,]\s+|\n\s*|\band\s+|\bplease\s+|\byou\s+)(?:add|adapt|adjust|append|change|convert|correct|delete|drop|"
    r"extend|fix|implement|improve|insert|let|make|mend|move|put|refactor|remove|rename|repair|replace|rewrite|simplify)\b"
    r"|\b(?:should|must|has to|have to|needs? to)\b",
    re.IGNORECASE,
)
_OF_CODE = re.compile(
    r"\bwhere\s+(?:is|are|do|does|did|can|will)\b|\bhow\s+(?:is|are|does)\b(?!\s+(?:one|it)\b)"
    r"|\b(?:which|what)\s+(?:\w+\s+)?(?:class|constant|function|handler|method|module)\b",
    re.IGNORECASE,
)
_RENAME = re.compile(r"\brename\b", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_]\w+")
_MARKED = re.compile(r"`([A-Za-z_]\w+)[`(]|\b([A-Za-z_]\w+)\(")
_PATTERN = re.compile(r"[\w./-]*\*[\w./*-]*")
_MOST_WORDS = 500
_MOST_TEXT = 5000  # characters


def names_of_project(prompt: str, root: Path) -> bool:
    """Whether `prompt` names a file or a folder under `root` that exists, or asks for files or to run a command.

    A plain word is no name of a folder, though there be one: `tests` and `docs` are words like others. A prompt that
    brings text of its own, in a fence, may be about that alone.
    """
    if "```" in prompt:
        return False
    words = _words(prompt)
    paths = [word for word in words if "." in word or "/" in word]
    paths += _beside_folder(words)
    return any(_exists(root, path) for path in paths) or asks_to_run(prompt, root) or asks_for_files(prompt)


def files_named(prompt: str, root: Path) -> list[str]:
    """The files under `root` that `prompt` names by their paths, in its order. None where it brings text in a fence."""
    if "```" in prompt:
        return []
    words = [word.removeprefix("./") for word in _words(prompt) if "." in word or "/" in word]
    return [word for word in dict.fromkeys(words) if _exists(root, word) and (root / word).is_file()]


def folders_named(prompt: str, root: Path) -> list[str]:
    """The folders under `root` that `prompt` names: by a path, as the folder of that name, or by a pattern in it."""
    if "```" in prompt:
        return []
    words = _words(prompt)
    patterns = [found[0].partition("*")[0] for found in _PATTERN.finditer(prompt[:_MOST_TEXT])]
    paths = [word.removeprefix("./").rstrip("/") for word in [*patterns, *words] if "/" in word]
    paths += _beside_folder(words)
    return [path for path in dict.fromkeys(paths) if _exists(root, path) and (root / path).is_dir()]


def asks_for_files(prompt: str) -> bool:
    """Whether `prompt` asks for files that it does not name, or for those that a pattern stands for."""
    patterns = [found[0] for found in _PATTERN.finditer(prompt[:_MOST_TEXT]) if set(found[0]) & set("./")]
    return "```" not in prompt and bool(patterns or _OF_FILES.search(prompt[:_MOST_TEXT]))


def asks_for_change(prompt: str) -> bool:
    """Whether `prompt` tells to change something: "Make it refuse …", "f() should give 1". English, as all of this."""
    return "```" not in prompt and _CHANGE.search(prompt[:_MOST_TEXT]) is not None


def wanted(prompt: str) -> Wanted:
    """What `prompt` plainly wants."""
    if asks_to_rename(prompt):
        return "rename"
    if asks_for_change(prompt):
        return "change"
    return "answer" if "?" in prompt[:_MOST_TEXT] else "unknown"


def asks_to_rename(prompt: str) -> bool:
    """Whether `prompt` wants a name changed, which is a change in many places."""
    return _RENAME.search(prompt[:_MOST_TEXT]) is not None


def asks_about_code(prompt: str) -> bool:
    """Whether `prompt` asks how something works or where it is done, or wants something changed."""
    return asks_for_change(prompt) or ("```" not in prompt and _OF_CODE.search(prompt[:_MOST_TEXT]) is not None)


def names_of_code(prompt: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words of `prompt` that can be names in code: those that hardly are anything else, and the rest. No paths.

    The first are called (`scale()`), quoted by backticks, have an underscore, or capitals behind the first letter.
    """
    words = [word for word in prompt[:_MOST_TEXT].split() if "/" not in word and ".py" not in word]
    text = " ".join(words[:_MOST_WORDS])
    names = set(_NAME.findall(text))
    sure = {one or other for one, other in _MARKED.findall(text)}
    sure |= {name for name in names if "_" in name.strip("_") or name[1:] != name[1:].lower()}
    return frozenset(sure), frozenset(names - sure)


def files_to_make(prompt: str, root: Path) -> list[str]:
    """The paths in `prompt` that lead into a folder under `root`, to a file that is not there."""
    if "```" in prompt:
        return []
    words = [word.removeprefix("./") for word in _words(prompt) if "/" in word]
    named = [word for word in dict.fromkeys(words) if re.search(r"\.\w+$", word) and not _exists(root, word)]
    return [word for word in named if _exists(root, word.rpartition("/")[0])]


def asks_to_run(prompt: str, root: Path) -> bool:
    """Whether `prompt` asks to run a command, first or after something else."""
    return command_to_run(prompt, root) != ""


def runs_first(prompt: str, command: str) -> bool:
    """Whether running `command`, the one that it asks to run, is what `prompt` begins with."""
    found = _RUN.match(prompt)
    return found is not None and prompt.startswith(command, found.start(1))


def command_to_run(prompt: str, root: Path) -> str:
    """The command line that `prompt` asks to run, to the end of its sentence or of its backticks; "" without one."""
    if "```" in prompt:
        return ""
    for found in (_RUN.match(prompt), *_RUN_TOO.finditer(prompt)):
        if found is not None and (shutil.which(found[1]) is not None or _exists(root, found[1])):
            rest = prompt[found.start(1) :]
            quoted = prompt[found.start(1) - 1] == "`"
            return rest.partition("`")[0].strip() if quoted else _COMMAND_END.split(rest, maxsplit=1)[0].strip(" .'\"")
    return ""


def _beside_folder(words: list[str]) -> list[str]:
    """In "the folder docs" or "the docs folder", docs."""
    return [name for pair in pairwise(words) for name, other in (pair, pair[::-1]) if other.lower() in _FOLDER]


def _words(prompt: str) -> list[str]:
    return [found[0].rstrip(".") for found in islice(_WORD.finditer(prompt), _MOST_WORDS)]


def _exists(root: Path, path: str) -> bool:
    """Inside `root` and there. Something that no path can be, such as a word of a thousand letters, is not there."""
    try:
        return path.strip("./") != "" and not path.startswith("/") and ".." not in path and (root / path).exists()
    except (OSError, ValueError):
        return False
