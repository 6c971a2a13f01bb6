"""Programs that do nothing for the user: they have nothing to run, or only say what their model had read."""

from __future__ import annotations

import ast
from itertools import islice
from typing import TYPE_CHECKING

from punie_acp.agent.fences import fenced
from punie_acp.agent.saving import definitions_of
from punie_acp.codemode.source import LITERALS, Definition, body_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from punie_acp.codemode.events import ProgramOutcome

IDLE = "The program did not run: there is nothing in it to run."
ANSWERS = "The program did not run: that is the answer."
_MOST_LOOKS = 2
_MOST_ANSWER = 200  # characters
OWN_WORDS = "These are the program's own words: it has looked at nothing."
NONE_FOUND = "None is no answer: what the program was after was not found. Write another program that finds it."


def is_idle(code: str) -> bool:
    """Whether a program is empty, or only states a value that nothing has found out: `["a.json", "b.json"]`.

    Definitions without a body are no more than that: a model that is lost writes the functions' own list once more.
    """
    body = body_of(code)
    return body is not None and all(_does_nothing(one) for one in body)


def is_answer(code: str, files: Mapping[str, str]) -> bool:
    """Whether a "program" is only the name of one of `files`, whose texts its model was shown, or of what they define.

    Small models that have to act answer in this way what they have read already.
    """
    said = answer_of(code)
    return said in files or any(said in definitions_of(text) for text in files.values())


def answer_of(code: str) -> str:
    """What a "program" says that is only a name, a text or a number."""
    value = _plain_value(code)
    return code.strip().strip("\"'`") if value is None else str(value)


def is_plain_value(code: str) -> bool:
    """Whether a "program" is only a text or a number, as the answer to a question about no file is."""
    return _plain_value(code) is not None


def _plain_value(code: str) -> str | float | None:
    match body_of(code):
        case [ast.Expr(ast.Constant(str() | int() | float() as value))]:
            return value
        case [ast.Expr(ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)))]:
            return -value
        case [ast.Expr(ast.UnaryOp(ast.UAdd(), ast.Constant(int() | float() as value)))]:
            return value
        case _:
            return None


def is_short_line(output: str) -> bool:
    """Whether what a program printed can stand as an answer, where its model has no words for it."""
    return 0 < len(output) <= _MOST_ANSWER and "\n" not in output


def _does_nothing(one: ast.stmt) -> bool:
    if isinstance(one, Definition):
        return all(map(_does_nothing, one.body))
    return isinstance(one, ast.Pass) or _is_field(one) or (isinstance(one, ast.Expr) and _is_literal(one.value))


def _is_field(one: ast.stmt) -> bool:
    return isinstance(one, ast.AnnAssign) and one.value is None


def found_none(outcome: ProgramOutcome) -> bool:
    """Whether all that a program has printed is None: what it was after is not there."""
    return not outcome.effects and set(outcome.output.split()) == {"None"}


def first_look(files: Iterable[str]) -> str:
    """A program to begin with, for who does not know how to go on: small models copy what they have just read."""
    return f"Begin with:\n{fenced(first_program(files), 'python')}"


def first_program(files: Iterable[str]) -> str:
    """The program that prints `files`, or which files there are."""
    looks = [f"print(read_file({file!r}))" for file in islice(files, _MOST_LOOKS)]
    return "\n".join(looks) or 'print(list_files("**/*"))'


def has_own_words(code: str) -> bool:
    """Whether a program prints nothing but what stands in it."""
    body = body_of(code) or []
    printed = [one.value for one in body if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call)]
    names = {ast.unparse(call.func) for call in printed}
    literal = all(_is_literal(value) for call in printed for value in call.args)
    return len(printed) == len(body) and names == {"print"} and literal


def _is_literal(value: ast.expr) -> bool:
    return all(isinstance(node, LITERALS) for node in ast.walk(value))
