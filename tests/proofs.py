"""Which test proves what of ACP: the table in docs/acp.md, made from the marks `proves` of the tests.

The rows are all names that the specification's schema has (tests/acp_schema.py), so that one without a test shows. What
a mark says is held against what really passed over the wire whenever the test runs (tests/conftest.py).
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import acp_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parent.parent
NOT_USED = {
    "client:elicitation/complete": "ends a question that was asked by URL; Punie asks in forms only",
    "capability:elicitation.url": "Punie asks in forms only",
}
"""Stable names that an agent need not have, and why this one has not."""

_PLACE = re.compile(r"(<!-- proofs -->\n).*?(<!-- /proofs -->)", re.DOTALL)
_SHOWN = 2  # tests a row


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """That the test `test` says it proves `name`."""

    name: str
    test: str


def proofs() -> list[Proof]:
    """All claims of tests that are not skipped. Raises `ValueError` for a mark that does not name them plainly."""
    return [proof for file in sorted((ROOT / "tests").rglob("test_*.py")) for proof in _proofs_in(file)]


def _proofs_in(file: Path) -> Iterator[Proof]:
    module = ast.parse(file.read_text(encoding="utf-8"))
    place = file.relative_to(ROOT / "tests").as_posix()
    of_all = [name for node in module.body if _is_pytestmark(node) for name in _names(node, place)]
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            if any(_is_mark(decorator, "skip", "xfail") for decorator in node.decorator_list):
                continue
            own = [name for decorator in node.decorator_list for name in _names(decorator, place)]
            yield from (Proof(name, f"{place}::{node.name}") for name in [*of_all, *own])


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "pytestmark" for target in node.targets)


def _is_mark(node: ast.AST, *names: str) -> bool:
    called = node.func if isinstance(node, ast.Call) else node
    return isinstance(called, ast.Attribute) and called.attr in names


def _names(node: ast.AST, place: str) -> Iterator[str]:
    """What the marks within `node` name."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and _is_mark(call, "proves"):
            for argument in call.args:
                if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                    raise ValueError(f"tests/{place}:{call.lineno}: the mark `proves` takes plain strings")
                yield argument.value


def unknown(claims: Iterable[Proof]) -> list[Proof]:
    """Claims about what ACP does not have."""
    names = {*acp_schema.stable_names(), *acp_schema.UNSTABLE_NAMES}
    return [claim for claim in claims if claim.name not in names]


def unproven(claims: Iterable[Proof]) -> list[str]:
    """The stable names that no test proves."""
    proven = {claim.name for claim in claims}
    return [name for name in acp_schema.stable_names() if name not in proven and name not in NOT_USED]


# The table.


def table(claims: list[Proof]) -> str:
    """All names in the order of the specification, each with its tests."""
    offered = _offered_by_agent()
    agent = {name: "yes" if _at(offered, name) else "no" for name in acp_schema.capabilities("Agent")}
    client = dict.fromkeys(acp_schema.capabilities("Client"), "")
    parts = [
        _section("What a client may call", dict.fromkeys(acp_schema.agent_methods(), ""), claims),
        _section("What Punie tells", dict.fromkeys(acp_schema.updates(), ""), claims),
        _section("What Punie asks and sends", dict.fromkeys(acp_schema.client_methods(), ""), claims),
        _section("What Punie offers", agent, claims),
        _section("What Punie makes of a client's capabilities", client, claims),
        _section("Not stable yet", dict.fromkeys(acp_schema.UNSTABLE_NAMES, ""), claims),
    ]
    return "\n".join(parts)


def _section(title: str, rows: dict[str, str], claims: list[Proof]) -> str:
    has_note = any(rows.values())
    head = "| | offered | proven by |\n|---|---|---|\n" if has_note else "| | proven by |\n|---|---|\n"
    lines = [
        f"| `{name.partition(':')[2] or name}` | {f'{note} | ' if has_note else ''}{_tests(name, claims)} |\n"
        for name, note in rows.items()
    ]
    return f"### {title}\n\n{head}{''.join(lines)}"


def _tests(name: str, claims: list[Proof]) -> str:
    tests = _one_of_each_folder_first(sorted({claim.test for claim in claims if claim.name == name}))
    if not tests:
        return NOT_USED.get(name, "**not proven**")
    more = f", and {len(tests) - _SHOWN} more" if len(tests) > _SHOWN else ""
    return ", ".join(f"`{test}`" for test in tests[:_SHOWN]) + more


def _one_of_each_folder_first(tests: list[str]) -> list[str]:
    first = {test.partition("/")[0]: test for test in reversed(tests)}
    return sorted(tests, key=lambda test: test not in first.values())


def _offered_by_agent() -> dict[str, Any]:
    """What `initialize` answers to a client that can everything."""
    params = {"protocolVersion": 1, "clientCapabilities": {}}
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    command = [sys.executable, "-m", "punie_acp", "--stdio"]
    done = subprocess.run(command, input=line + "\n", cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout.splitlines()[0])["result"]["agentCapabilities"]


def _at(offered: Any, name: str) -> bool:
    for key in name.partition(":")[2].split("."):
        offered = offered.get(key) if isinstance(offered, dict) else None
    return offered is not None and offered is not False


def filled(text: str) -> str:
    """`text` with the table of today in its place."""
    return _PLACE.sub(lambda found: found[1] + "\n" + table(proofs()) + "\n" + found[2], text)
