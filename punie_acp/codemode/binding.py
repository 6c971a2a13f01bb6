"""The arguments of an external call, bound to the parameters of its planner."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING

from punie_acp.codemode.calls import to_json
from punie_acp.codemode.functions import ALIASES, FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from punie_acp.codemode.calls import Plan
    from punie_acp.codemode.events import JsonValue


def bind(
    name: str,
    planner: Callable[..., Awaitable[Plan]],
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
) -> dict[str, object]:
    """The arguments by parameter name. Raises `TypeError` that names what `name` takes."""
    if not kwargs:
        names, counts = _positional(planner)
        if len(args) in counts:
            return dict(zip(names, args, strict=False))
    signature = _signature(planner)
    if name in FUNCTIONS:
        kwargs = {_known_as(key, signature): value for key, value in kwargs.items()}
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        takes = ", ".join(signature.parameters)
        raise TypeError(f"{name}(): {error}; it takes {takes}") from None
    arguments = dict(bound.arguments)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments |= arguments.pop(parameter.name, {})
    return arguments


def parameters_of(name: str) -> str:
    """The parameters of an external function, for people: "path, content"."""
    return ", ".join(_signature(FUNCTIONS[name]).parameters)


def raw_input(arguments: Mapping[str, object]) -> dict[str, JsonValue]:
    """The arguments for the record."""
    return {key: to_json(value) for key, value in arguments.items() if value is not None}


@cache
def _signature(planner: Callable[..., Awaitable[Plan]]) -> inspect.Signature:
    """The planner's signature without its first parameter, the place."""
    signature = inspect.signature(planner)
    parameters = list(signature.parameters.values())[1:]
    return signature.replace(parameters=parameters)


@cache
def _positional(planner: Callable[..., Awaitable[Plan]]) -> tuple[tuple[str, ...], range]:
    """The parameters, and how many arguments need only be counted: `Signature.bind` takes ten times as long."""
    parameters = _signature(planner).parameters.values()
    positional = [one.name for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    needed = [one for one in parameters if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    return tuple(positional), range(len(needed), len(positional) + 1)


def _known_as(key: str, signature: inspect.Signature) -> str:
    if key in signature.parameters:
        return key
    return next((name for name in signature.parameters if key in ALIASES.get(name, ())), key)
