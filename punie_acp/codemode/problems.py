"""What went wrong in a program, in the words of Python and with the line it happened in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal

from pydantic_monty import MontyCrashedError, MontyError, MontyRuntimeError, MontySyntaxError

from punie_acp.codemode.events import ProgramError
from punie_acp.codemode.limits import is_limit_message
from punie_acp.codemode.rewriting.emit import Lines
from punie_acp.codemode.source import parsed

if TYPE_CHECKING:
    from pydantic_monty import Frame

MAX_MESSAGE = 2000
OWN_EXCEPTION = "\u200b"
"""Stands before the text of an exception of a class of the program's own, which travels in a builtin one."""

_HINTS = {
    "'del' statement": "use d.pop(key) or assign a new value",
    "yield expressions": "collect the values in a list and return it",
    "class inheritance": "write a class without a base class",
    "method decorators": "write a plain method or function",
    "exception groups": "use a plain except",
    "async with": "use a plain with",
    "async for": "use a plain for",
}
"""What to write instead of what Monty 1.4 cannot compile."""


def syntax_problem(error: SyntaxError | ValueError | RecursionError, code: str) -> ProgramError:
    """A program that this Python cannot parse."""
    if not isinstance(error, SyntaxError):
        return ProgramError("syntax", f"SyntaxError: {error}")
    return ProgramError("syntax", f"SyntaxError: {error.msg}", error.lineno, excerpt(code, error.lineno, error.offset))


def monty_problem(error: MontyError, code: str, filename: str, lines: Lines | None = None) -> ProgramError:
    """An error that ended a program. `filename` is Monty's name for its text; `lines` lead from there to `code`."""
    lines = lines or Lines()
    if isinstance(error, MontyCrashedError):
        return ProgramError("crash", f"The sandbox stopped working: {error}")
    message = _message(error)
    frame = _own_frame(error, filename, lines)
    line = lines.origin(frame.line) if frame else None
    kind = _kind(error, message, frame)
    if kind == "syntax":
        message = _without_jargon(message)
    block = _doubtful_block(code, line) if kind == "runtime" else None
    if block is not None:
        return ProgramError(kind, message[:MAX_MESSAGE], None, _block_excerpt(code, block))
    column = frame.column if frame and not lines.origins else None
    return ProgramError(kind, message[:MAX_MESSAGE], line, excerpt(code, line, column))


def _message(error: MontyError) -> str:
    if isinstance(error, MontySyntaxError | MontyRuntimeError):
        message = error.display("type-msg").strip()
        return message.partition(OWN_EXCEPTION)[2] or message
    return str(error)


def _own_frame(error: MontyError, filename: str, lines: Lines) -> Frame | None:
    """The innermost place in the program itself: what happens in our prelude happened where it was called."""
    if not isinstance(error, MontySyntaxError | MontyRuntimeError):
        return None
    own = [frame for frame in reversed(error.traceback()) if frame.filename == filename]
    return next((frame for frame in own if lines.origin(frame.line) is not None), None)


def _kind(error: MontyError, message: str, frame: Frame | None) -> Literal["syntax", "runtime", "limit"]:
    if is_limit_message(message):
        return "limit"
    compiling = frame is not None and frame.function_name is None
    unsupported = message.startswith("NotImplementedError: The monty syntax parser")
    unparsed = isinstance(error, MontySyntaxError) and len(error.traceback()) <= 1  # else the program raised it
    return "syntax" if unparsed or (compiling and unsupported) else "runtime"


def _doubtful_block(code: str, line: int | None) -> tuple[int, int] | None:
    """First and last line of a `try` or `with` in which the error happened, where `line` may be wrong.

    Monty 1.4 gives an error that leaves a `try` or `with` the line on which that ends.
    """
    tree = parsed(code)
    if line is None or tree is None:
        return None
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.Try | ast.With) and line in _last_lines(node)]
    ranges = [(node.lineno, node.end_lineno or line) for node in blocks if _has_more_lines(node)]
    return min(ranges, default=None)


def _has_more_lines(node: ast.Try | ast.With) -> bool:
    """Whether the error can have happened on another line than the last: always, but in a `with` of one line."""
    return isinstance(node, ast.Try) or node.body[-1].end_lineno != node.body[0].lineno


def _last_lines(node: ast.Try | ast.With) -> set[int | None]:
    """The lines on which the parts of `node` end."""
    parts = [node.body, *([node.orelse, node.finalbody] if isinstance(node, ast.Try) else [])]
    handlers = node.handlers if isinstance(node, ast.Try) else []
    return {part[-1].end_lineno for part in parts if part} | {handler.end_lineno for handler in handlers}


def _block_excerpt(code: str, block: tuple[int, int]) -> str:
    first, last = block
    return f"in the block of lines {first} to {last}:\n{code.splitlines()[first - 1].strip()[:200]}"


def _without_jargon(message: str) -> str:
    message = message.replace("NotImplementedError: The monty syntax parser does not yet support", "the sandbox has no")
    hint = next((hint for part, hint in _HINTS.items() if part in message), "")
    return f"{message}; {hint}" if hint else message


def excerpt(code: str, line: int | None, column: int | None) -> str:
    """Line number `line` of `code` with a caret below `column` (both from 1), or nothing where there is none."""
    lines = code.splitlines()
    if line is None or not 1 <= line <= len(lines):
        return ""
    text = lines[line - 1]
    shown = text.strip()[:200]
    indent = len(text) - len(text.lstrip())
    caret = max((column or 0) - 1 - indent, 0)
    return f"{shown}\n{' ' * min(caret, len(shown))}^"
