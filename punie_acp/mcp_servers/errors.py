"""What went wrong with a server, as a sentence for people."""

from __future__ import annotations

from typing import cast


class EndedError(Exception):
    """The server is gone. The message says how it ended."""


def explained(error: BaseException) -> str:
    """What went wrong, as one line: the innermost cause of a group, without the library's own wrapping."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    cause = error.__cause__ or error.__context__
    if str(error) in {"Failed to initialize server session", "Client failed to connect"} and cause is not None:
        return explained(cause)
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return " ".join(str(error).split())[:300] or type(error).__name__
