"""A part of the programs of benchmarks/python_corpus, against what CPython did with them (`run.py --write`)."""

import json
import sys
from pathlib import Path

import anyio
import pytest

CORPUS = Path(__file__).parents[2] / "benchmarks" / "python_corpus"
sys.path.insert(0, str(CORPUS))

import run as corpus  # noqa: E402

EXPECTED = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))


def test_every_program_of_the_corpus_has_its_expected_output():
    assert set(corpus.programs()) == set(EXPECTED)
    assert len(EXPECTED) >= 300


def test_at_most_three_in_a_hundred_programs_are_known_not_to_pass():
    assert sum(bool(one["gap"]) for one in EXPECTED.values()) <= 0.03 * len(EXPECTED)


@pytest.mark.slow
def test_programs_print_and_leave_what_they_do_under_cpython():
    passing = [name for name, one in EXPECTED.items() if not one["gap"]]
    chosen = {name: corpus.programs()[name] for name in passing[::4]}

    async def differences():
        found = {}
        for name, code in chosen.items():
            theirs = corpus.Did(EXPECTED[name]["output"], EXPECTED[name]["files"], EXPECTED[name]["error"])
            found[name] = corpus.difference(await corpus.by_sandbox(code), theirs)
        return found

    wrong = {name: why for name, why in anyio.run(differences).items() if why}
    assert wrong == {}
    assert len(chosen) > 60
