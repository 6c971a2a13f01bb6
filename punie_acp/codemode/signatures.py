"""What a function takes, by its text."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast


def signature(arguments: ast.arguments) -> inspect.Signature:
    """What a function of these arguments takes; of a default, only that there is one."""
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    parameter = inspect.Parameter
    made = [
        parameter(
            one.arg,
            parameter.POSITIONAL_ONLY if at < len(arguments.posonlyargs) else parameter.POSITIONAL_OR_KEYWORD,
            default=parameter.empty if at < required else None,
        )
        for at, one in enumerate(positional)
    ]
    if arguments.vararg is not None:
        made.append(parameter(arguments.vararg.arg, parameter.VAR_POSITIONAL))
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        made.append(parameter(one.arg, parameter.KEYWORD_ONLY, default=parameter.empty if default is None else None))
    if arguments.kwarg is not None:
        made.append(parameter(arguments.kwarg.arg, parameter.VAR_KEYWORD))
    return inspect.Signature(made)
