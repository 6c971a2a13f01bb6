"""Calls to the editor: what is asked of the connection, what the editor offers, and its errors as ours."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]

_NOT_FOUND = -32002  # ACP v1, error codes: resource not found
_NOT_FOUND_WORDS = ("not found", "no such file", "does not exist", "enoent")


class ClientCalls(Protocol):
    """The connection to the editor."""

    async def request(self, method: str, params: dict[str, JSON], /) -> JSON:
        """The editor's answer.

        An error answer is raised as an exception with the attributes `code` (int), `message` (str) and `data`; a lost
        connection as any other exception. When the caller is cancelled, the request is given up.
        """
        ...


@dataclass(frozen=True, slots=True)
class Offers:
    """Which of the methods that matter here the editor advertises (ACP v1, `ClientCapabilities`)."""

    read_text: bool = False
    write_text: bool = False
    terminal: bool = False

    @classmethod
    def of(cls, capabilities: Mapping[str, JSON]) -> Offers:
        """What `clientCapabilities` of `initialize` say. Only `true` is an offer."""
        files = capabilities.get("fs")
        files = files if isinstance(files, dict) else {}
        return cls(
            read_text=files.get("readTextFile") is True,
            write_text=files.get("writeTextFile") is True,
            terminal=capabilities.get("terminal") is True,
        )


@contextmanager
def client_errors(subject: str) -> Generator[None]:
    """Raise an error answer as `FileNotFoundError` or `OSError` about `subject`; other exceptions pass."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        code, message = getattr(error, "code", None), getattr(error, "message", None)
        if not isinstance(code, int):
            raise
        raise _as_os_error(code, str(message or error), subject) from error


def _as_os_error(code: int, message: str, subject: str) -> OSError:
    if code == _NOT_FOUND or any(words in message.lower() for words in _NOT_FOUND_WORDS):
        return FileNotFoundError(errno.ENOENT, message, subject)
    return OSError(errno.EIO, f"the editor answered: {message}", subject)


def text_of(answer: JSON, key: str, method: str) -> str:
    """The string `key` of an answer. Raises `OSError` where the editor sent something else."""
    value = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(value, str):
        raise OSError(errno.EPROTO, f"the editor's answer to {method} has no text {key!r}")
    return value
