"""The page of the protocol says what is proven, nothing stable is left unproven, and a claim needs its traffic."""

import json
from pathlib import Path

import pytest

from tests import conversations, proofs
from tests.conformance.clients import RecordedWire

PAGE = Path(__file__).parent.parent / "docs" / "acp.md"


@pytest.fixture(scope="module")
def claims():
    return proofs.proofs()


def test_the_table_is_that_of_the_tests():
    """If marks or capabilities were changed on purpose: make acp-table"""
    page = PAGE.read_text()
    assert proofs.filled(page) == page
    assert page.count("| `session/load` |") == 2
    assert "not proven" not in page


def test_all_that_is_stable_is_proven(claims):
    assert proofs.unproven(claims) == []


def test_claims_are_about_what_acp_has(claims):
    assert proofs.unknown(claims) == []


def test_without_its_test_a_name_shows_as_not_proven(claims):
    left = [claim for claim in claims if claim.name != "session/load"]
    assert proofs.unproven(left) == ["session/load"]
    assert "| `session/load` | **not proven** |" in proofs.table(left)
    assert proofs.unknown([proofs.Proof("session/fly", "a")]) == [proofs.Proof("session/fly", "a")]


def test_a_claim_is_refused_where_nothing_of_the_kind_passed(tmp_path):
    exchange = [
        ("> ", {"id": 1, "method": "initialize", "params": {"protocolVersion": 1}}),
        ("< ", {"id": 1, "result": {"protocolVersion": 1}}),
        ("> ", {"id": 2, "method": "session/list", "params": {}}),
        ("< ", {"id": 2, "error": {"code": -32601, "message": "method not found"}}),
    ]
    lines = [mark + json.dumps({"jsonrpc": "2.0", **message}) for mark, message in exchange]
    (tmp_path / "1.wire").write_text("\n".join([*lines, "= 0"]))

    RecordedWire(tmp_path / "1.wire")

    assert conversations.unproven(["initialize", "session/list", "update:plan"]) == ["session/list", "update:plan"]
