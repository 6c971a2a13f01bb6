"""Programs that do nothing for the user."""

import pytest

from punie_acp.agent.needless import answer_of, first_look, has_own_words, is_answer, is_idle, is_plain_value

STUBS = "class Match(NamedTuple):\n    path: str\n\ndef read_file(path: str) -> str: ...  # lines from 1\n"
FILES = {"a.py": "def f(x):\n    return x\n\nclass C:\n    pass\n", "broken.py": "def (", "b.py": ""}


@pytest.mark.parametrize(
    "code",
    [
        "",
        "Answer: 12.5",
        "def main():\n    pass",
        "# nothing",
        "pass",
        "[1, -2, {'a': (3, None)}]",
        '"""Done."""',
        "...\npass",
        STUBS,
    ],
)
def test_without_anything_to_run(code):
    assert is_idle(code)


@pytest.mark.parametrize(
    "code",
    [
        "print(1 + 1)",
        "print(x)",
        "print('a', file=f)",
        "x = 1",
        "1 + 1",
        "[x for x in ()]",
        "f'{1}'",
        "def f(): return 1",
        "f(",
        "a",
    ],
)
def test_with_something_to_run(code):
    assert not is_idle(code)


@pytest.mark.parametrize("code", ["a.py", "'a.py'\n", "`b.py`", "C", "f"])
def test_the_name_of_what_was_shown_is_an_answer(code):
    assert is_answer(code, FILES)


@pytest.mark.parametrize("code", ["", "c.py", "g", "f(1)", "print('a.py')", "a.py C"])
def test_anything_else_is_none(code):
    assert not is_answer(code, FILES)


@pytest.mark.parametrize("code", ["'Tea costs $5'", "42\n", "-0.5 # half", '"""Two\nlines."""'])
def test_a_text_or_a_number_alone(code):
    assert is_plain_value(code)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("a.py", "a.py"),
        ("`b.py`\n", "b.py"),
        ("'$$'", "$$"),
        ("-0.5  # half", "-0.5"),
        (' "C"', "C"),
        ("'a';", "a"),
        ("+2", "2"),
        ("-'a'", "-'a"),
    ],
)
def test_what_an_answer_says(code, said):
    assert answer_of(code) == said


@pytest.mark.parametrize("code", ["", "...", "None", "['a.py']", "x", "'a'\n'b'", "f'{1}'", "pass"])
def test_anything_else_is_no_plain_value(code):
    assert not is_plain_value(code)


@pytest.mark.parametrize("code", ["print('a.py')", "print('a', [1])\nprint(2)", "print()"])
def test_what_a_program_only_says_is_not_taken_for_something_found(code):
    assert has_own_words(code)


@pytest.mark.parametrize("code", ["print(1 + 1)", "x = 1\nprint('a')", "print(x)", "f('a')", "", "print("])
def test_what_it_works_out_may_be(code):
    assert not has_own_words(code)


def test_a_program_to_begin_with():
    assert "python\nprint(read_file('src/a.py'))\nprint(read_file('b.md'))\n```" in first_look(
        ["src/a.py", "b.md", "c"]
    )
    assert 'print(list_files("**/*"))' in first_look([])
