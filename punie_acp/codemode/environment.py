"""What a program's session starts with: the prelude, the host functions that it uses, and the environment variables."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from punie_acp.codemode.functions import FUNCTIONS
from punie_acp.codemode.hostmodules import HOST_FUNCTIONS
from punie_acp.codemode.parts import parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_VISIBLE = ("HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TERM", "TZ", "USER", "VIRTUAL_ENV")
"""The environment variables that a program may read: where things are, never a secret."""


@cache
def prelude() -> str:
    """The Python source that is run once at the start of a session: what is called without a program asking for it."""
    return parts("_flush_files", frozenset())[0]


def prelude_inputs(root: Path) -> dict[str, object]:
    """The names that the prelude finds bound: host functions (`_host_open_read_text`…) and plain values."""
    functions: dict[str, object] = {name: named(name) for name in FUNCTIONS}
    helpers = {f"_host_{name.replace('.', '_')}": named(name) for name in HOST_FUNCTIONS}
    return functions | helpers | {"_host_pure": named("pure"), "_host_environ": visible_environment(root)}


def visible_environment(root: Path) -> dict[str, str]:
    """The environment variables that a program sees."""
    return {name: os.environ[name] for name in _VISIBLE if name in os.environ} | {"PWD": str(root)}


def named(name: str) -> Callable[..., None]:
    """A callable that Monty knows by `name`. It is never called here: a call of it pauses the program."""

    def function(*_: object, **__: object) -> None:
        raise AssertionError(f"{name} is called by pausing the program")

    function.__name__ = function.__qualname__ = name
    return function
