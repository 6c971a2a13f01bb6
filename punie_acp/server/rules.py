"""The book in which a project's rules are kept: shown and revoked by `/permissions`, shared by all of its sessions."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from punie_acp.server.coverage import Rule, concerns, covers, danger_of, widest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punie_acp.codemode.events import CallRequested
    from punie_acp.server.store.base import RuleRecord

__all__ = ["MemoryRules", "Rule", "RuleBook", "RuleStore", "describe_rules", "revoke_numbered"]


class RuleStore(Protocol):
    """As much of `server/store` as a rule book needs."""

    def rules(self, project: str) -> tuple[RuleRecord, ...]:
        """The rules of a project, oldest first."""
        ...

    def add_rule(self, project: str, rule: RuleRecord) -> None:
        """Keep a rule."""
        ...

    def remove_rule(self, rule_id: str) -> bool:
        """Forget a rule. False if there was none."""
        ...


class MemoryRules:
    """Rules that end with this process."""

    def __init__(self) -> None:
        self._rules: dict[str, tuple[str, RuleRecord]] = {}

    def rules(self, project: str) -> tuple[RuleRecord, ...]:
        """As `RuleStore`."""
        return tuple(rule for owner, rule in self._rules.values() if owner == project)

    def add_rule(self, project: str, rule: RuleRecord) -> None:
        """As `RuleStore`."""
        self._rules[rule.rule_id] = (project, rule)

    def remove_rule(self, rule_id: str) -> bool:
        """As `RuleStore`."""
        return self._rules.pop(rule_id, None) is not None


class RuleBook:
    """The rules of one project: its folder with links resolved, and the session's other folders.

    Every question is asked of the store again, so that what is revoked in one session holds in all.
    """

    def __init__(self, roots: Sequence[Path], store: RuleStore | None = None) -> None:
        """`roots` are the session's folders, the project's own first. Without a store, rules end with the session."""
        self.roots = tuple(Path(os.path.realpath(root)) for root in roots)
        self._store: RuleStore = MemoryRules() if store is None else store

    @property
    def project(self) -> str:
        """Under which name the store keeps the rules."""
        return str(self.roots[0])

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All of them, oldest first."""
        found = (Rule.of(record) for record in self._store.rules(self.project))
        return tuple(rule for rule in found if rule is not None)

    def add(self, rule: Rule) -> None:
        """Keep a rule, instead of one about the same."""
        for known in self.rules:
            if (known.type, known.scope, known.pattern) == (rule.type, rule.scope, rule.pattern):
                self._store.remove_rule(known.rule_id)
        self._store.add_rule(self.project, rule.record())

    def revoke(self, rule_id: str) -> bool:
        """Forget a rule. False if there was none."""
        return self._store.remove_rule(rule_id)

    def danger(self, call: CallRequested) -> str | None:
        """Why `call` is asked about in every mode, whatever the rules say."""
        return danger_of(call, self.roots)

    def matching(self, call: CallRequested) -> Rule | None:
        """The rule that decides about `call`: one that rejects it before one that allows it."""
        rules = [rule for rule in self.rules if rule.type is call.type]
        rejecting = (rule for rule in rules if rule.effect == "reject" and concerns(rule, call, self.roots))
        if rule := next(rejecting, None):
            return rule
        if self.danger(call) is not None:
            return None
        return next((rule for rule in rules if rule.effect == "allow" and covers(rule, call, self.roots)), None)

    def rule_for(self, call: CallRequested) -> Rule | None:
        """The rule that an "always allow" about `call` makes; None where none may."""
        if self.danger(call) is not None:
            return None
        rule = widest(call, self.roots)
        return rule if rule is not None and covers(rule, call, self.roots) else None

    def rejection_for(self, call: CallRequested) -> Rule | None:
        """The rule that an "always reject" about `call` makes: of a dangerous command word for word."""
        rule = widest(call, self.roots)
        if rule is not None and call.command is not None and self.danger(call) is not None:
            rule = replace(rule, scope="command", pattern=call.command)
        return rule if rule is None else replace(rule, effect="reject")


def describe_rules(book: RuleBook) -> str:
    """The rules of a project as Markdown, numbered as `/permissions revoke N` takes them."""
    rules = book.rules
    if not rules:
        return "Nothing is remembered for this project: every change and command asks, as the mode says."
    lines = [
        f"{number}. Always {rule.effect} {_whole(rule)} (since {rule.created[:10]})"
        for number, rule in enumerate(rules, start=1)
    ]
    note = "`/permissions revoke 1` forgets one of them, `/permissions revoke all` forgets all."
    return "\n".join([f"Remembered for {book.project}:", "", *lines, "", note])


def revoke_numbered(book: RuleBook, which: str) -> str:
    """The answer to `/permissions revoke <which>`: the number of a rule in `describe_rules`, or `all`."""
    rules = book.rules
    chosen = rules if which.strip() == "all" else rules[int(which) - 1 : int(which)] if _is_number(which, rules) else ()
    if not chosen:
        return f"There is no rule {which.strip() or '?'}.\n\n{describe_rules(book)}"
    for rule in chosen:
        book.revoke(rule.rule_id)
    return f"Forgotten: {'; '.join(_whole(rule) for rule in chosen)}."


def _is_number(text: str, rules: tuple[Rule, ...]) -> bool:
    return text.strip().isascii() and text.strip().isdigit() and 1 <= int(text) <= len(rules)


def _whole(rule: Rule) -> str:
    """A rule in words, a long command in full."""
    if rule.scope == "command" and "exactly `" not in rule.describe():
        return f"exactly {shlex.quote(rule.pattern)}"
    return rule.describe()
