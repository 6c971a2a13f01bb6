"""Which external calls may begin: by the session's mode, by what the user said before, or by asking.

In this order: what `read-only` refuses, and `plan` puts on the plan; what the user always rejects; what happens in an
overlay only (`server.review`) and is asked about at its end; what is dangerous, which always asks; what the
user always allows; what asks because of secrets; what the mode lets pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from punie_acp.codemode.events import CallType, Decision
from punie_acp.server.rules import Rule, RuleBook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from punie_acp.codemode.events import CallRequested
    from punie_acp.settings import Mode

Answer = Literal["allow_once", "allow_always", "reject_once", "reject_always", "cancelled"]
ANSWERS: dict[str, Answer] = {answer: answer for answer in get_args(Answer)}
"""By the id of the option that was chosen: the ids of our options are ACP's names of their kinds."""

MODE_TEXTS: dict[Mode, tuple[str, str]] = {
    "ask": ("Ask", "Reads freely; asks before it changes a file or runs a command"),
    "review": ("Review", "Collects a program's changes, and asks about all of them at its end; asks before commands"),
    "auto": ("Auto", "Changes files and runs commands without asking, but for dangerous ones"),
    "plan": ("Plan", "Reads freely; changes nothing, and puts on a plan what it would change and run"),
    "read-only": ("Read only", "Reads freely; changes nothing and runs no command"),
}

_ALLOWED = Decision(allowed=True)


@dataclass(frozen=True, slots=True)
class Question:
    """What the user is asked about a call. `questions.permission_request` puts it into ACP's words."""

    call: CallRequested
    allowing: Rule | None  # what "always allow" would remember; None: it is not offered
    rejecting: Rule | None
    reason: str | None = None  # why this asks in every mode; the words go on after "it"


@dataclass(slots=True)
class Permissions:
    """The mode of a session, and the rules of its project. Without a book, "always" lasts as long as the session."""

    mode: Mode
    rules: RuleBook
    changes_wait: bool  # the running program's changes go to an overlay

    def __init__(self, mode: Mode, rules: RuleBook | None = None) -> None:
        self.mode = mode
        self.changes_wait = False
        self.rules = RuleBook([Path.cwd()]) if rules is None else rules

    async def decide(
        self, call: CallRequested, ask: Callable[[CallRequested, Question], Awaitable[Answer]]
    ) -> Decision:
        """Whether `call` may begin; `ask` puts the question where neither mode nor rules have the answer."""
        known = self._without_asking(call)
        if known is not None:
            return known
        question = self.question(call)
        answer = await ask(call, question)
        rule = {"allow_always": question.allowing, "reject_always": question.rejecting}.get(answer)
        if rule is not None:
            self.rules.add(rule)
        if answer == "allow_once" or (answer == "allow_always" and question.allowing is not None):
            return _ALLOWED
        return Decision(allowed=False, reason=f"the user refused: {call.title}")

    def question(self, call: CallRequested) -> Question:
        """The question about `call`, with what its answers would remember."""
        book = self.rules
        return Question(call, book.rule_for(call), book.rejection_for(call), book.danger(call))

    def _without_asking(self, call: CallRequested) -> Decision | None:
        refused = self._refused_by_mode(call)
        if refused is not None:
            return refused
        if call.type is CallType.READ and not call.sensitive:
            return _ALLOWED
        rule = self.rules.matching(call)
        if rule is not None and rule.effect == "reject":
            return Decision(allowed=False, reason=f"the user always refuses {rule.describe()}: {call.title}")
        if self.changes_wait and call.type is CallType.WRITE and not call.sensitive:
            return _ALLOWED
        if self.rules.danger(call) is not None:
            return None
        return _ALLOWED if rule is not None or (self.mode == "auto" and not call.sensitive) else None

    def _refused_by_mode(self, call: CallRequested) -> Decision | None:
        reason = None
        if self.mode == "read-only" and call.type is not CallType.READ:
            reason = f"this session is read-only; not done: {call.title}"
        elif self.mode == "plan" and call.type is CallType.WRITE and not self.changes_wait:
            reason = f"this session only plans; not done: {call.title}"
        elif self.mode == "plan" and call.type is CallType.SHELL:
            reason = f"this session only plans; put on the plan, and not run: {call.title}"
        return None if reason is None else Decision(allowed=False, reason=reason)
