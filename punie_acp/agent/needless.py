"""Programs that do nothing for the user: they have nothing to run, or keep what they define to themselves."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from punie_acp.codemode.defining import Import
from punie_acp.codemode.source import Definition, first_line, parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IDLE = "The program did not run: there is nothing in it to run."
ANSWERS = "The program did not run: that is an answer. Give it in words."
ONLY_DEFINES = "The program did not run: it only defines."
OWN_WORDS = "These are the program's own words: it has looked at nothing."
_MOST = 2  # lines about what is unsaved
_MOST_TEXT = 1000  # characters of a definition that is said once more
_LITERALS = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.expr_context, ast.unaryop)


def is_idle(code: str) -> bool:
    """Whether a program is empty, or only states a value that nothing has found out: `["a.json", "b.json"]`.

    Definitions without a body are no more than that: a model that is lost writes the functions' own list once more.
    """
    body = _body(code)
    return body is not None and all(_does_nothing(one) for one in body)


def is_answer(code: str, files: Mapping[str, str]) -> bool:
    """Whether a "program" is only the name of one of `files`, whose texts its model was shown, or of what they define.

    Small models that have to act answer in this way what they have read already.
    """
    said = code.strip().strip("\"'`")
    return said in files or any(said in _definitions(text) for text in files.values())


def only_defines(code: str) -> bool:
    """Whether all that a program does is to define something, with what it imports for that."""
    body = _body(code) or []
    return any(isinstance(one, Definition) for one in body) and all(
        isinstance(one, Definition | Import) for one in body
    )


def _does_nothing(one: ast.stmt) -> bool:
    if isinstance(one, Definition):
        return all(map(_does_nothing, one.body))
    return isinstance(one, ast.Pass) or _is_field(one) or (isinstance(one, ast.Expr) and _is_literal(one.value))


def _is_field(one: ast.stmt) -> bool:
    return isinstance(one, ast.AnnAssign) and one.value is None


def first_look(files: Iterable[str]) -> str:
    """A program to begin with, for who does not know how to go on: small models copy what they have just read."""
    file = next(iter(files), None)
    program = 'print(list_files("**/*"))' if file is None else f"print(read_file({file!r}))"
    return f"Begin with:\n```python\n{program}\n```"


def has_own_words(code: str) -> bool:
    """Whether a program prints nothing but what stands in it."""
    body = _body(code) or []
    printed = [one.value for one in body if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)]
    names = {ast.unparse(call.func) for call in printed}
    literal = all(_is_literal(value) for call in printed for value in call.args)
    return len(printed) == len(body) and names == {"print"} and literal


def _is_literal(value: ast.expr) -> bool:
    return all(isinstance(node, _LITERALS) for node in ast.walk(value))


def unsaved(code: str, files: Mapping[str, str], question: str = "") -> list[str]:
    """That a program keeps a definition to itself that belongs into one of `files`, and the program that puts it there.

    `files`: the text of Python files by their paths. What belongs there is what a file has under the same name, and
    what `question` names.
    """
    there = {name: (path, dumped) for path, text in files.items() for name, (dumped, _) in _definitions(text).items()}
    same: list[str] = []
    lines: list[str] = []
    for name, (dumped, text) in _definitions(code).items():
        asked = re.search(rf"\b{name}\b", question) is not None
        path, old = there.get(name, (_home(name, files) if asked else "", ""))
        if not path or (dumped == old and not asked):
            continue
        if dumped == old:
            same.append(f"{name} is as it was: {path} has the same. Write it so that it does what is asked for.")
        elif len(text) <= _MOST_TEXT:
            lines.append(f"```python\n{text}\n\nsave_definition({path!r}, {name})\n```")  # first: it is what is copied
            lines.append(f"That puts {name} into {path}, which does not have this one yet.")
        else:
            lines.append(f"{path} does not have this {name} yet: save_definition({path!r}, {name}) puts it there.")
    return (lines or same)[:_MOST]


def _home(name: str, files: Mapping[str, str]) -> str:
    """Which of `files` a new definition is for: tests go to tests."""
    is_test = name.lower().startswith("test")
    return next((path for path in files if path.rpartition("/")[2].startswith("test") == is_test), "")


def _definitions(text: str) -> dict[str, tuple[str, str]]:
    """What a text defines at its top level: the names, and for each the syntax tree as text, and its own text."""
    lines = text.splitlines()
    return {
        node.name: (ast.dump(node), "\n".join(lines[first_line(node) - 1 : node.end_lineno]))
        for node in _body(text) or []
        if isinstance(node, Definition)
    }


def _body(text: str) -> list[ast.stmt] | None:
    """The statements of a text; None where it is no Python."""
    tree = parsed(text)
    return tree.body if tree is not None else None
