"""Parameters of requests, checked before anything is done with them. Each complaint begins with the field's path.

What `initialize` and the requests that open a session need is checked by hand, because the SDK's schema takes longer to
import than those may take to be answered.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from punie_acp.protocol.errors import INVALID_PARAMS, RpcError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.protocol.errors import JsonValue
    from punie_acp.protocol.messages import Params


def invalid(path: str, complaint: str) -> RpcError:
    """The error for a parameter that is wrong."""
    return RpcError(INVALID_PARAMS, f"{path}: {complaint}")


def text(params: Params, name: str) -> str:
    """A parameter that must be a string. Raises `RpcError`."""
    value = params.get(name)
    if not isinstance(value, str):
        raise invalid(name, "must be a string")
    return value


def optional_text(params: Params, name: str) -> str | None:
    """A parameter that may be left out. Raises `RpcError`."""
    return None if params.get(name) is None else text(params, name)


def one_of(params: Params, name: str, choices: Sequence[str]) -> str:
    """A parameter that must be one of `choices`. Raises `RpcError`."""
    value = params.get(name)
    if not isinstance(value, str) or value not in choices:
        raise invalid(name, f"must be one of {', '.join(choices)}")
    return value


def absolute_path(value: JsonValue, name: str) -> Path:
    """A path whose links are resolved. Raises `RpcError` where it is not absolute, or cannot be one."""
    if not isinstance(value, str) or not Path(value).is_absolute():
        raise invalid(name, "must be an absolute path")
    try:
        return Path(value).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise invalid(name, f"is no path: {error}") from None


def existing_folder(value: JsonValue, name: str) -> Path:
    """A folder that is there, its links resolved. Raises `RpcError`."""
    path = absolute_path(value, name)
    if not _is_folder(path):
        raise invalid(name, f"there is no folder {value}")
    return path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long
        return False


def additional_folders(params: Params) -> tuple[Path, ...]:
    """`additionalDirectories`. Raises `RpcError`."""
    values = params.get("additionalDirectories") or []
    if not isinstance(values, list):
        raise invalid("additionalDirectories", "must be a list")
    return tuple(existing_folder(value, f"additionalDirectories.{index}") for index, value in enumerate(values))


def validated(model: type[Any], params: Params) -> Any:  # noqa: ANN401 - one of the SDK's models in, an instance out
    """`params` as an instance of the SDK's `model`. Raises `RpcError`."""
    from pydantic import ValidationError

    try:
        return model.model_validate(params)
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid(".".join(_path(params, first["loc"])), first["msg"]) from error


def _path(value: JsonValue, steps: tuple[int | str, ...]) -> list[str]:
    """Where in `value` an error is, without the names that pydantic adds for the members of a union."""
    if not steps:
        return []
    step, rest = steps[0], steps[1:]
    if isinstance(value, list) and isinstance(step, int):
        return [str(step), *_path(value[step], rest)]
    if isinstance(value, dict) and isinstance(step, str) and (step in value or not rest):
        return [step, *_path(value.get(step), rest)]
    return _path(value, rest)
