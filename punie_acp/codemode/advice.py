"""One concrete hint for how a program ended: what to do about an error, or about an answer that was not printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from punie_acp.codemode.events import ProgramOutcome

OF_REFUSALS = (
    (r"PermissionError: .*(refused|user)", "the user said no to this; do without it, or say why it is needed"),
    (r"PermissionError: this session ", "nothing is changed in this session; say in your answer what is to be done"),
    (r"PermissionError: .*outside|outside the session", "use paths inside the project, relative to its root"),
    (r"PermissionError", "that is not allowed here; do without it, or say why it is needed"),
)
"""What holds for programs and for single calls."""
_HINTS = (
    (r"FileNotFoundError|No such file", 'look what is there first: print(list_files("**/*"))'),
    (r"IsADirectoryError", "that is a folder; list_files(folder) names its files"),
    (
        r"PermissionError: this session only plans; put on the plan",
        "leave this out: it is on the plan, and what it would tell is not known",
    ),
    *OF_REFUSALS,
    (r"old text is not in", "read the file and copy the text exactly as it stands there"),
    (r"KeyError", "print the keys first, or use d.get(key)"),
    (
        r"list indices must be integers",
        'that is a list; to find one: next(one for one in items if one["id"] == wanted)',
    ),
    (r"string indices must be integers", "that is a text, or a dict's key: print(type(data), str(data)[:300]) first"),
    (r"IndexError|out of range", "print the first row and len(…) first; it is shorter than expected"),
    (r"JSONDecodeError: Extra data", "each line is JSON of its own: [json.loads(line) for line in open(path)]"),
    (r"JSONDecodeError", "print the first lines of the text; it is no JSON"),
    (r"not enough values to unpack|too many values", "print one of the items to see how many parts it has"),
    (r"invalid literal for int|could not convert", "print the text that is converted; it is no number"),
    (r"'NoneType' object", "something gave None, such as a search that found nothing: test it first"),
    (r"UnicodeDecodeError|NotText", 'open the file in mode "rb", for it is not text'),
    (r"ran longer than|time limit", "do less in one program: fewer files, or no endless loop"),
    (r"memory limit", "do not hold everything at once: go through the files one by one"),
    (r"external calls", "search(pattern, glob) reads many files in one call"),
    (r"recursion", "write it as a loop"),
    (
        r"cannot suspend in this synchronous context",
        "read the files before, in a plain for loop, and use what was read",
    ),
    (r"the sandbox has no|not available in this sandbox", "write it with plain functions, loops and lists"),
)
"""From what an error says to what can be done about it."""


_ENTRY = re.compile(r"(\w+)\[[\"']")


def advice(outcome: ProgramOutcome, *, answer_expected: bool = True) -> str | None:
    """A sentence for the model after a program; None where nothing needs to be said.

    `answer_expected`: whether the program was to find something out. One that printed nothing, gave no value and
    changed nothing has told nobody anything.
    """
    if outcome.error is not None:
        said = outcome.error.message
        if key := re.match(r"KeyError: '?([^'\n]+)'?$", said):
            having = [shape.partition(":")[0] for shape in outcome.shapes if f"'{key[1]}': " in shape]
            if having:
                return f"{having[0]} has {key[1]!r}: look there"
        taken = set(_ENTRY.findall(outcome.error.excerpt)) if said.startswith("TypeError: string indices") else ()
        if len(taken) == 1:
            (name,) = taken
            return f"{name} is a text, such as a key: `for {name} in data.values()` gives what a dictionary holds"
        return next((hint for pattern, hint in _HINTS if re.search(pattern, said)), None)
    if outcome.output.strip() or outcome.value is not None or outcome.effects or not answer_expected:
        return None
    if outcome.calls:
        return "the program read something but printed nothing: print what you want to know"
    return "the program printed nothing: print what you want to know"
