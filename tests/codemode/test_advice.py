"""What the model is told to do next."""

import pytest

from punie_acp.codemode.advice import advice

CASES = [
    ('read_file("nope.txt")', "list_files"),
    ("{}['a']", "d.get(key)"),
    ("[][1]", "len("),
    ("import json\njson.loads('x')", "no JSON"),
    ("import re\nre.match('a', 'b').group()", "None"),
    ("a, b = [1]", "how many parts"),
    ("int('x')", "no number"),
    ("def f():\n    return f()\nf()", "loop"),
    ("x = 1", "print what you want to know"),
    ('text = read_file("a.txt")', "read something but printed nothing"),
]


@pytest.mark.parametrize(("code", "part"), CASES)
def test_an_error_or_a_missing_answer_comes_with_one_hint(lab, code, part):
    assert part in advice(lab.run(code).outcome)


@pytest.mark.parametrize("code", ["print(1)", "1 + 1", 'write_file("n.txt", "x")'])
def test_nothing_is_said_where_the_program_did_its_work(lab, code):
    assert advice(lab.run(code).outcome) is None


def test_a_refusal_is_told_apart(lab):
    outcome = lab.run('write_file("n.txt", "x")', refuse=lambda _: "the user refused").outcome
    assert "the user said no" in advice(outcome)
