"""The external functions as typed Python stubs: for the model's instructions, and for the check before a run."""

from __future__ import annotations

_FUNCTIONS = """\
class Match(NamedTuple):
    path: str
    line: int
    text: str
class Result(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str
def read_file(path: str, start_line: int | None = None, end_line: int | None = None) -> str: ...  # lines from 1
def write_file(path: str, content: str) -> None: ...  # creates or replaces a file
def edit_file(path: str, old: str, new: str) -> None: ...  # replaces old, which must occur exactly once
def save_definition(path: str, code: str) -> None: ...  # puts a function, class or constant into a Python file
def list_files(pattern: str = "**/*") -> list[str]: ...  # paths that match a glob pattern
def search(pattern: str, glob: str | None = None) -> list[Match]: ...  # lines that match a regular expression
def run_command(command: str, cwd: str | None = None, timeout: float | None = None) -> Result: ...  # runs in a shell
"""

_CHECKED = """\
from os import PathLike
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

def open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any: ...
def input(prompt: Any = "") -> str: ...
def callable(value: Any) -> bool: ...
def ascii(value: Any) -> str: ...
def exit(code: Any = None) -> Any: ...
def quit(code: Any = None) -> Any: ...
IOError = OSError
EnvironmentError = OSError
"""


GATE_STUBS = """\
from typing import Any

def gate_() -> None: ...
def any_() -> Any: ...
"""
"""What stands before a program where it is checked."""


_RETURNCODE = "    @property\n    def returncode(self) -> int: ...\n"


def function_stubs() -> str:
    """Typed stubs of the seven external functions with what they return, each with a short note. For the model."""
    return _FUNCTIONS


def checker_stubs() -> str:
    """The stubs that programs are checked against. They are laxer than the model's: paths may be `pathlib.Path`."""
    functions = _FUNCTIONS.replace("path: str,", "path: str | PathLike[str],")
    functions = functions.replace("cwd: str | None", "cwd: str | PathLike[str] | None")
    functions = functions.replace("command: str,", "command: str | list[str],")
    functions = functions.replace("    stderr: str\n", f"    stderr: str\n{_RETURNCODE}")
    return _CHECKED + functions
