"""What a check finds, and how all findings together are written down."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Status: TypeAlias = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    check: str
    status: Status
    text: str
    remedy: str = ""  # what to do; empty if ok
    facts: Mapping[str, object] = field(default_factory=dict[str, object])  # the figures behind the text


def ok(check: str, text: str, **facts: object) -> Finding:
    """All is well."""
    return Finding(check, "ok", text, facts=facts)


def warning(check: str, text: str, remedy: str, **facts: object) -> Finding:
    """It works, but less well than it could."""
    return Finding(check, "warning", text, remedy, facts)


def failure(check: str, text: str, remedy: str, **facts: object) -> Finding:
    """It does not work."""
    return Finding(check, "failure", text, remedy, facts)


def as_json(findings: Sequence[Finding]) -> str:
    """All findings as one JSON object: `ok` is false if one is a failure."""
    passed = all(finding.status != "failure" for finding in findings)
    return json.dumps({"ok": passed, "checks": [asdict(finding) for finding in findings]}, indent=2, default=str)


def summary(findings: Sequence[Finding]) -> str:
    """The last line of the report."""
    count = {status: sum(finding.status == status for finding in findings) for status in ("failure", "warning")}
    if not any(count.values()):
        return "Everything is in order."
    parts = [f"{number} {kind}{'s' if number > 1 else ''}" for kind, number in count.items() if number]
    return ", ".join(parts) + "."
