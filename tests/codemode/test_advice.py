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
    ('if True:\n    text = read_file("a.txt")', "read something but printed nothing"),
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


@pytest.mark.parametrize(
    ("reason", "part"),
    [
        ("this session is read-only; not done: Write n.txt", "nothing is changed in this session"),
        ("this session only plans; not done: Write n.txt", "nothing is changed in this session"),
        ("[Errno 13] Permission denied: 'n.txt'", "not allowed here"),
    ],
)
def test_what_the_session_or_the_system_does_not_allow_has_nothing_to_do_with_the_path(lab, reason, part):
    assert part in advice(lab.run('write_file("n.txt", "x")', refuse=lambda _: reason).outcome)


def test_what_a_plan_does_not_run_is_told_apart(lab):
    said = "this session only plans; put on the plan, and not run: Run ls"
    assert "it is on the plan" in advice(lab.run('run_command("ls")', refuse=lambda _: said).outcome)


def test_a_key_that_another_file_has_is_looked_for_there(lab):
    (lab.root / "honey.json").write_text('[{"hive": "H01", "honey": 4}]')
    (lab.root / "hives.json").write_text('[{"id": "H01", "site": "Schule"}]')
    outcome = lab.run(
        "import json\n"
        'honey = json.load(open("honey.json"))\n'
        'hives = json.load(open("hives.json"))\n'
        'print(sum(one["honey"] for one in hives))'
    ).outcome
    assert advice(outcome) == "honey.json has 'honey': look there"


def test_a_key_that_no_file_has_is_to_be_printed(lab):
    (lab.root / "hives.json").write_text('[{"id": "H01"}]')
    assert "d.get(key)" in advice(lab.run('import json\nprint(json.load(open("hives.json"))[0]["weight"])').outcome)


def test_a_dictionarys_keys_that_are_taken_for_what_it_holds(lab):
    code = 'walks = {"Ada": {"km": 3}}\nfor walk in walks:\n    print(walk["km"])'
    assert "for walk in data.values()" in advice(lab.run(code).outcome)


def test_lines_of_json_that_are_read_as_one_document(lab):
    (lab.root / "walks.jsonl").write_text('{"km": 3}\n{"km": 4}\n')
    assert "each line is JSON" in advice(lab.run('import json\nprint(json.load(open("walks.jsonl")))').outcome)


def test_of_several_variables_none_is_said_to_be_the_text(lab):
    code = 'one = {"a": 1}\nprint([one["a"] + two["a"] for two in "text"])'
    assert "that is a text, or a dict's key" in advice(lab.run(code).outcome)
