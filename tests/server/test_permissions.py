"""Permissions: which calls ask, which are refused outright, and how far an "always" reaches."""

import anyio
import pytest

from punie_acp.codemode.events import CallRequested, CallType, Location
from punie_acp.server.permissions import Permissions


def call(kind, command=None, sensitive=None, path="/w/a.py"):
    return CallRequested(
        call_id="t1/p1/1",
        program_id="t1/p1",
        type=kind,
        kind="read",
        function="f",
        title="A call",
        source_line=1,
        raw_input={},
        locations=(Location(path),),
        command=command,
        sensitive=sensitive,
    )


READ = call(CallType.READ)
SECRET = call(CallType.READ, sensitive="secrets are kept here", path="/w/.env")
WRITE = call(CallType.WRITE)
LIST = call(CallType.SHELL, command="ls")
REMOVE = call(CallType.SHELL, command="ls; rm -rf /")


def decide(permissions, request, answer="cancelled"):
    asked = []

    async def ask(asked_call, rule):
        asked.append(rule)
        return answer

    decision = anyio.run(permissions.decide, request, ask)
    return decision, bool(asked)


@pytest.mark.parametrize(
    ("mode", "request_", "asks", "allowed"),
    [
        ("ask", READ, False, True),
        ("ask", SECRET, True, False),
        ("ask", WRITE, True, False),
        ("ask", LIST, True, False),
        ("auto", READ, False, True),
        ("auto", SECRET, True, False),
        ("auto", WRITE, False, True),
        ("auto", LIST, False, True),
        ("read-only", READ, False, True),
        ("read-only", SECRET, True, False),
        ("read-only", WRITE, False, False),
        ("read-only", LIST, False, False),
    ],
)
def test_a_mode_says_what_asks_and_what_is_refused(mode, request_, asks, allowed):
    decision, asked = decide(Permissions(mode), request_)
    assert (asked, decision.allowed) == (asks, allowed)


def test_always_allowing_a_command_allows_that_command_and_no_other():
    permissions = Permissions("ask")
    assert decide(permissions, LIST, "allow_always")[0].allowed
    decision, asked = decide(permissions, LIST)
    assert (decision.allowed, asked) == (True, False)
    assert decide(permissions, REMOVE)[1], "a longer command line must ask again"


def test_always_allowing_a_secret_file_allows_only_that_file():
    permissions = Permissions("ask")
    decide(permissions, SECRET, "allow_always")
    other = call(CallType.READ, sensitive="a key", path="/w/id_rsa")
    assert not decide(permissions, SECRET)[1]
    assert decide(permissions, other)[1]


def test_a_remembered_rule_does_not_outweigh_read_only_mode():
    permissions = Permissions("ask")
    decide(permissions, WRITE, "allow_always")
    permissions.mode = "read-only"
    assert not decide(permissions, WRITE)[0].allowed


def test_a_refusal_says_who_refused_what():
    decision, _ = decide(Permissions("ask"), WRITE, "reject_once")
    assert decision.reason == "the user refused: A call"
    permissions = Permissions("ask")
    decide(permissions, WRITE, "reject_always")
    decision, asked = decide(permissions, WRITE)
    assert (decision.allowed, asked) == (False, False)
