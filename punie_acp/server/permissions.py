"""Which external calls may begin: by the session's mode, by what the user said before, or by asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from punie_acp.codemode.events import CallType, Decision

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from punie_acp.codemode.events import CallRequested
    from punie_acp.settings import Mode

Answer = Literal["allow_once", "allow_always", "reject_once", "reject_always", "cancelled"]
ANSWERS: dict[str, Answer] = {answer: answer for answer in get_args(Answer)}
"""By the id of the option that was chosen: the ids of our options are ACP's names of their kinds."""

MODE_TEXTS: dict[Mode, tuple[str, str]] = {
    "ask": ("Ask", "Reads freely; asks before it changes a file or runs a command"),
    "auto": ("Auto", "Changes files and runs commands without asking"),
    "read-only": ("Read only", "Reads freely; changes nothing and runs no command"),
}

_ALLOWED = Decision(allowed=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """What an "always" covers. An empty command covers every call of the type."""

    type: CallType
    command: str = ""
    sensitive_path: str = ""

    def describe(self) -> str:
        """The rule in words that follow "always allow" or "always reject"."""
        if self.command:
            return f"`{self.command}`"
        if self.sensitive_path:
            return f"reading {self.sensitive_path}"
        return {"file-system/read": "reading files", "file-system/write": "changes to files"}[self.type]


def rule_for(call: CallRequested) -> Rule:
    """The rule that an "always" about `call` makes: one command word for word, one guarded file, or all writes."""
    if call.type is CallType.SHELL:
        return Rule(call.type, command=call.command or call.title)
    if call.type is CallType.READ and call.sensitive:
        return Rule(call.type, sensitive_path=call.locations[0].path if call.locations else call.title)
    return Rule(call.type)


@dataclass(slots=True)
class Permissions:
    """The mode of a session, and what its user said "always" to. It lasts as long as the session."""

    mode: Mode
    remembered: dict[Rule, bool] = field(default_factory=dict[Rule, bool])

    async def decide(self, call: CallRequested, ask: Callable[[CallRequested, Rule], Awaitable[Answer]]) -> Decision:
        """Whether `call` may begin; `ask` puts the question where neither mode nor memory has the answer."""
        known = self._without_asking(call)
        if known is not None:
            return known
        rule = rule_for(call)
        answer = await ask(call, rule)
        if answer in ("allow_always", "reject_always"):
            self.remembered[rule] = answer == "allow_always"
        if answer in ("allow_once", "allow_always"):
            return _ALLOWED
        return Decision(allowed=False, reason=f"the user refused: {call.title}")

    def _without_asking(self, call: CallRequested) -> Decision | None:
        if self.mode == "read-only" and call.type is not CallType.READ:
            return Decision(allowed=False, reason=f"this session is read-only; not done: {call.title}")
        remembered = self.remembered.get(rule_for(call))
        if remembered is not None:
            return _ALLOWED if remembered else Decision(allowed=False, reason=f"the user always refuses: {call.title}")
        if call.sensitive:
            return None
        if call.type is CallType.READ or self.mode == "auto":
            return _ALLOWED
        return None
