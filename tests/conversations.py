"""The conversations that a test has with agents: each of them is checked when the test ends, and told when it fails.

`watch` takes a conversation up. tests/conftest.py does the rest for every test: it lists what passed over the wires,
holds the mark `proves` of the test against that, and adds the last lines of the wires to the report of a failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.wire import Wire


class Conversation(Protocol):
    """One connection between a client and an agent."""

    wire: Wire

    @property
    def ended(self) -> bool:
        """Whether nothing will pass any more."""
        ...

    def check_wire(self) -> None:
        """Raises `AssertionError` where something was wrong with what passed since the last time."""
        ...

    def tail(self) -> str:
        """The last lines that passed, and what the agent said beside them."""
        ...


_watched: list[Conversation] = []


def watch(conversation: Conversation) -> None:
    """Check `conversation` at the end of each test during which it is there."""
    _watched.append(conversation)


def begin_test() -> None:
    """From here on, only what passes now counts."""
    _watched[:] = [conversation for conversation in _watched if not conversation.ended]
    for conversation in _watched:
        conversation.wire.seen.clear()


def check_all() -> None:
    """Raises `AssertionError` for the first conversation in which something was wrong."""
    for conversation in _watched:
        conversation.check_wire()


def unproven(claims: Iterable[str]) -> list[str]:
    """Those of `claims` of which nothing passed in this test."""
    passed = {name for one in _watched if one.wire.seen for name in one.wire.seen | one.wire.negotiated}
    return sorted(set(claims) - passed)


def tails() -> str:
    """What was said last, conversation by conversation."""
    return "\n\n".join(conversation.tail() for conversation in _watched)


def last_lines(lines: Iterable[bytes], count: int = 25, length: int = 400) -> str:
    """The last `count` of `lines` as a report shows them: of streamed text only where it begins; none too long."""
    told: list[str] = []
    chunks = 0
    for line in lines:
        chunks = chunks + 1 if b'"agent_message_chunk"' in line else 0
        if chunks < 2:
            told.append(_shortened(line, length))
        elif chunks == 2:
            told.append("  … more chunks of it")
    return "\n".join(told[-count:])


def _shortened(line: bytes, length: int) -> str:
    text = line.decode("utf-8", "backslashreplace").rstrip("\n")
    return text if len(text) <= length else f"{text[:length]}… ({len(text):,} characters)"
