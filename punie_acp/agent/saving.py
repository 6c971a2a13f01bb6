"""What small models forget in a program: to put what it defines into its file, and to run what they were asked to."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punie_acp.agent.fences import fenced
from punie_acp.codemode.defining import Import
from punie_acp.codemode.source import Definition, body_of, first_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ONLY_DEFINES = "The program did not run: it only defines."
_MOST = 2  # lines about what is unsaved
_MOST_TEXT = 1000  # characters of a definition that is said once more
_WRITERS = r"apply_patch|edit_file|save_definition|write_bytes|write_file|write_text"
_WRITES = re.compile(rf"\b(?:{_WRITERS}|open)\b")
_CHANGES = re.compile(rf"\b(?:{_WRITERS})\b|\bopen\(.*,\s*(?:mode\s*=\s*)?[\"'][bt+]*[wax][bt+]*[\"']")
_RUNS = re.compile(r"\b(?:run_command|run_tests|subprocess|system|popen)\b")
_RENAME = re.compile(
    r"\brename\s+(?:the\s+)?(?:(?:function|method|class|constant|name)\s+)?[`'\"]?([a-z_]\w*)\b.*?\bto\s+[`'\"]?([a-z_]\w*)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Belonging:
    """A definition of a program that belongs into a file."""

    name: str
    text: str
    path: str
    is_new: bool  # the file does not have it like this
    is_asked: bool  # the question names it

    @property
    def saving(self) -> str:
        """The line that puts it there."""
        return f"save_definition({self.path!r}, {self.name})"


def with_saving(code: str, files: Mapping[str, str], question: str) -> str:
    """`code` with the lines that put into one of `files` what `question` names and the program defines for it.

    They stand behind the last definition: before what the program goes on with, such as a run of the tests. A program
    that writes by itself is left as it is.
    """
    ends = [one.end_lineno for one in body_of(code) or [] if isinstance(one, Definition)]
    if not ends or _WRITES.search(code):
        return code
    saving = [one.saving for one in _belonging(code, files, question) if one.is_new and one.is_asked]
    lines = code.splitlines()
    return "\n".join([*lines[: ends[-1]], "", *saving, *lines[ends[-1] :]]) if saving else code


def with_running(code: str, command: str, *, at_once: bool = False) -> str:
    """`code` with a last line that runs `command`, where it runs nothing by itself, and changes files or `at_once`."""
    is_time = at_once or _CHANGES.search(code)
    if not command or body_of(code) is None or not is_time or _RUNS.search(code):
        return code
    return f"{code.rstrip()}\n\n{running(command)}"


def running(command: str) -> str:
    """The line that runs `command` and prints what it prints."""
    return f"print(run_command({command!r}).stdout)"


def unsaved(code: str, files: Mapping[str, str], question: str = "") -> list[str]:
    """That a program keeps a definition to itself that belongs into one of `files`, and the program that puts it there.

    `files`: the text of Python files by their paths. What belongs there is what a file has under the same name, and
    what `question` names.
    """
    same: list[str] = []
    lines: list[str] = []
    for one in _belonging(code, files, question):
        if not one.is_new:
            told = f"{one.name} is as it was: {one.path} has the same. Write it so that it does what is asked for."
            same += [told] if one.is_asked else []
        elif len(one.text) <= _MOST_TEXT:
            lines.append(fenced(f"{one.text}\n\n{one.saving}", "python"))  # first: it is what is copied
            lines.append(f"That puts {one.name} into {one.path}, which does not have this one yet.")
        else:
            lines.append(f"{one.path} does not have this {one.name} yet: {one.saving} puts it there.")
    return (lines or same)[:_MOST]


def renaming(files: Iterable[str], question: str) -> list[str]:
    """The program that changes a name everywhere, where `question` wants that of one that `files`, texts, define."""
    found = _RENAME.search(question)
    if found is None or not any(found[1] in definitions_of(text) for text in files):
        return []
    old, new = rf'r"\b{found[1]}\b"', f'"{found[2]}"'
    program = (
        f"import re\nfor path in sorted({{found.path for found in search({old})}}):\n"
        f"    write_file(path, re.sub({old}, {new}, read_file(path)))\n    print(path)"
    )
    return [fenced(program, "python"), f"That changes {found[1]} to {found[2]} wherever it stands."]


def only_defines(code: str) -> bool:
    """Whether all that a program does is to define something, with what it imports for that."""
    body = body_of(code) or []
    return any(isinstance(one, Definition) for one in body) and all(
        isinstance(one, Definition | Import) for one in body
    )


def definitions_of(text: str) -> dict[str, tuple[str, str]]:
    """What a text defines at its top level: the names, and for each the syntax tree as text, and its own text."""
    lines = text.splitlines()
    return {
        node.name: (ast.dump(node), "\n".join(lines[first_line(node) - 1 : node.end_lineno]))
        for node in body_of(text) or []
        if isinstance(node, Definition)
    }


def _belonging(code: str, files: Mapping[str, str], question: str) -> Iterator[_Belonging]:
    there = {name: (path, dumped) for path, text in files.items() for name, (dumped, _) in definitions_of(text).items()}
    for name, (dumped, text) in definitions_of(code).items():
        is_asked = re.search(rf"\b{name}\b", question) is not None
        path, old = there.get(name, (_home(name, files) if is_asked else "", ""))
        if path:
            yield _Belonging(name, text, path, dumped != old, is_asked)


def _home(name: str, files: Mapping[str, str]) -> str:
    """Which of `files` a new definition is for: tests go to tests."""
    is_test = name.lower().startswith("test")
    return next((path for path in files if path.rpartition("/")[2].startswith("test") == is_test), "")
