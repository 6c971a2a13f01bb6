"""A Markdown fence: the first ```python block of an answer is the program, and nothing else is needed to call."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from punie_acp.inference.dialects.base import CallEnd, JsonValue, Parser, Reader, Step, Tool, read_text
from punie_acp.inference.dialects.python_strings import PythonStrings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FENCE = "```"
_PYTHON = frozenset({"python", "py", "python3", "py3"})


@dataclass(frozen=True, slots=True)
class FenceDialect:
    """One tool, which takes a program. Models that escape badly write this best."""

    name: Literal["fence"] = "fence"
    result_role: Literal["user"] = "user"
    opening: Literal["```python"] = "```python"

    def instructions(self, tools: Sequence[Tool]) -> str:
        """How to act and how to answer. Raises `ValueError` for tools that a fence cannot call."""
        if not tools:
            return ""
        tool, _ = _program_tool(tools)
        how = (
            "To act, write one Python program in a ```python fence and stop; its output comes back to you. "
            "To answer, write plain text without a fence."
        )
        return f"{how}\n{tool.description}".strip()

    def parser(self, tools: Sequence[Tool], *, one_call: bool = True) -> Parser:
        """Reads text, and the program up to the end of its fence. Raises `ValueError` as `instructions` does."""
        if not tools:
            return Parser(read_text)
        tool, parameter = _program_tool(tools)
        return Parser(lambda reader: _Answer(reader, tool.name, parameter).read())

    def render_call(self, name: str, arguments: Mapping[str, JsonValue]) -> str:
        """The program in its fence."""
        program = next((value for value in arguments.values() if isinstance(value, str)), "")
        return f"{_FENCE}python\n{program}\n{_FENCE}"

    def frame_result(self, role: str, *, failed: bool) -> tuple[str, str]:
        """Marked as output, so that it does not read as the user's words."""
        return ("Error:\n" if failed else "Output:\n"), ""


def _program_tool(tools: Sequence[Tool]) -> tuple[Tool, str]:
    if len(tools) != 1 or not (parameter := tools[0].program_parameter()):
        names = ", ".join(tool.name for tool in tools)
        raise ValueError(f"The fence dialect calls one tool, which takes a program as `code`; these are {names}.")
    return tools[0], parameter


class _Answer:
    """The reading of one answer: prose, other fences, and the program."""

    def __init__(self, reader: Reader, tool: str, parameter: str) -> None:
        self._reader = reader
        self._tool = tool
        self._parameter = parameter

    def read(self) -> Step[None]:
        reader = self._reader
        while char := (yield from reader.char()):
            if char == "`" and (yield from self._read_fence()):
                return
            reader.say((yield from reader.take()))
        reader.flush()

    def _read_fence(self) -> Step[bool]:
        """Read the fence that may stand here; whether it was the program. Prose is left where it is."""
        reader, start, first = self._reader, self._reader.position, self._reader.at_line_start()
        indent = start - reader.text.rfind("\n", 0, start) - 1 if first else 0
        language = yield from _read_opener(reader)
        if language in _PYTHON:
            yield from self._read_program(indent)
            return True
        if language == "" and first and (yield from self._read_unnamed(indent)):
            return True
        reader.position = start
        if first and language is not None:
            yield from _copy_fence(reader)
        return False

    def _read_program(self, indent: int) -> Step[None]:
        self._reader.start_call(self._tool)
        program = yield from _read_python(self._reader, indent, partial(self._reader.argue, self._parameter))
        self._reader.emit(CallEnd({self._parameter: program}))

    def _read_unnamed(self, indent: int) -> Step[bool]:
        """A fence without a language is the program if it is Python that does something."""
        program = yield from _read_python(self._reader, indent)
        if not does_something(program):
            return False
        self._reader.start_call(self._tool)
        self._reader.argue(self._parameter, program)
        self._reader.emit(CallEnd({self._parameter: program}))
        return True


def _read_opener(reader: Reader) -> Step[str | None]:
    """The language of the fence whose opening line is here, in lower case; None where no such line is."""
    if not (yield from reader.accept(_FENCE)):
        return None
    info = yield from reader.until("\n`")
    if not (yield from reader.accept("\n")):
        return None
    return (info.split() or [""])[0].lower()


def _copy_fence(reader: Reader) -> Step[None]:
    """Pass on a fence in another language, up to its close, so that nothing in it is taken for a fence."""
    while char := (yield from reader.take()):
        reader.say(char)
        if char == "\n" and (yield from reader.accept(_FENCE)):
            return reader.say(_FENCE)
    return None


def _read_python(reader: Reader, indent: int, show: partial[None] | None = None) -> Step[str]:
    """Read a program up to the end of its fence, or of the answer. Its last line's end belongs to the fence."""
    strings = PythonStrings()
    program: list[str] = []
    yield from _skip_indent(reader, indent)
    while not (yield from _ends_program(reader, strings)):
        char = yield from reader.take()
        program.append(char)
        strings.feed(char)
        if show:
            show(char)
        if char == "\n":
            yield from _skip_indent(reader, indent)
    return "".join(program)


def _skip_indent(reader: Reader, indent: int) -> Step[None]:
    for _ in range(indent):
        if not (yield from reader.accept(" ")):
            return


def _ends_program(reader: Reader, strings: PythonStrings) -> Step[bool]:
    """Whether the program ends here; its close is read.

    Outside strings and comments three backticks close it, for no Python reads so. Inside, only at the very end.
    """
    char = yield from reader.char()
    if char and char not in "\n`":
        return False
    start = reader.position
    inside = strings.in_triple if char == "\n" else strings.inside
    if (yield from reader.accept("\n")):
        yield from _skip_indent(reader, 3)
    closed = yield from reader.accept(_FENCE)
    end = reader.position
    if not closed or inside:
        yield from reader.skip()
        closed = not (yield from reader.char())
    reader.position = end if closed else start
    return closed


def does_something(program: str) -> bool:
    """Whether `program` is Python with a call or an import in it, and not an excerpt of something else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python will not know one day
            tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, ast.Call | ast.Import | ast.ImportFrom) for node in ast.walk(tree))
