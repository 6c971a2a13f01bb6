"""The standard of external calls shows what the agent sends today."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import anyio
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("record_life_cycle", ROOT / "scripts" / "record_life_cycle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_messages_in_the_standard_are_those_of_a_run(script):
    """If this fails because the messages were changed on purpose: python scripts/record_life_cycle.py --write"""
    standard = script.STANDARD.read_text(encoding="utf-8")
    assert script.filled(standard, anyio.run(script.record)) == standard


def test_a_standard_without_a_place_for_a_message_is_refused(script):
    with pytest.raises(ValueError, match="no place for the messages of 'turn'"):
        script.filled("# A standard\n", {"turn": "x"})
