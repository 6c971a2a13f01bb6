"""Programs that do nothing for the user."""

import pytest

from punie_acp.agent.needless import first_look, has_own_words, is_answer, is_idle, only_defines, unsaved

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


def test_what_is_written_anew_and_not_saved_is_named_with_the_program_that_saves_it():
    told = unsaved("import re\ndef f(x):\n    return -x\nclass C: pass\ndef g(): pass", FILES)
    assert told == [
        "```python\ndef f(x):\n    return -x\n\nsave_definition('a.py', f)\n```",
        "That puts f into a.py, which does not have this one yet.",
    ]


def test_what_is_too_long_to_say_once_more_is_only_named():
    (told,) = unsaved(f"def f(x):\n    return {'x' * 1000}", FILES)
    assert told == "a.py does not have this f yet: save_definition('a.py', f) puts it there."


def test_what_is_asked_for_and_new_belongs_into_a_named_file():
    files = {**FILES, "test_a.py": ""}
    code = "def g(): pass\ndef test_g(): pass\ndef other(): pass"
    told = unsaved(code, files, "Add g() to a.py, and test_g.")
    assert told == [
        "```python\ndef g(): pass\n\nsave_definition('a.py', g)\n```",
        "That puts g into a.py, which does not have this one yet.",
    ]
    told = unsaved("def test_g(): pass", files, "Add g() to a.py, and test_g.")
    assert told[1] == "That puts test_g into test_a.py, which does not have this one yet."


def test_who_is_to_change_something_and_writes_it_as_it_was_is_told():
    (told,) = unsaved("def f(x):\n    return x", FILES, "f(1) should give -1.")
    assert told == "f is as it was: a.py has the same. Write it so that it does what is asked for."


@pytest.mark.parametrize("code", ["def f(x):\n  return x  # the same", "print(1)", "def f(:", "def g(): pass"])
def test_what_is_as_it_was_is_not(code):
    assert unsaved(code, FILES) == []


@pytest.mark.parametrize("code", ["def f(): pass", "import re\nfrom a import b\n@b\nclass C: pass"])
def test_what_only_defines(code):
    assert only_defines(code)


@pytest.mark.parametrize("code", ["", "import re", "def f(): pass\nf()", "x = 1\ndef f(): pass", "def f("])
def test_what_does_more_or_less_than_to_define(code):
    assert not only_defines(code)


@pytest.mark.parametrize("code", ["print('a.py')", "print('a', [1])\nprint(2)", "print()"])
def test_what_a_program_only_says_is_not_taken_for_something_found(code):
    assert has_own_words(code)


@pytest.mark.parametrize("code", ["print(1 + 1)", "x = 1\nprint('a')", "print(x)", "f('a')", "", "print("])
def test_what_it_works_out_may_be(code):
    assert not has_own_words(code)


def test_a_program_to_begin_with():
    assert "print(read_file('src/a.py'))" in first_look({"src/a.py": "", "b.py": ""})
    assert 'print(list_files("**/*"))' in first_look([])
