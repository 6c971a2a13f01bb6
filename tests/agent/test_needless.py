"""Programs that do nothing for the user."""

import pytest

from punie_acp.agent.needless import first_look, has_own_words, is_idle, unsaved
from punie_acp.codemode.events import ProgramOutcome

FILES = {"a.py": "def f(x):\n    return x\n\nclass C:\n    pass\n", "broken.py": "def (", "b.py": ""}


@pytest.mark.parametrize("code", ["", "# nothing", "pass", "[1, -2, {'a': (3, None)}]", '"""Done."""', "...\npass"])
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
        "def f(): pass",
        "f(",
        "a",
    ],
)
def test_with_something_to_run(code):
    assert not is_idle(code)


def test_what_is_written_anew_and_not_saved_is_named():
    (told,) = unsaved("def f(x):\n    return -x\nclass C: pass\ndef g(): pass", ProgramOutcome("0"), FILES)
    assert told == "a.py still has its own f: save_definition('a.py', f) puts a new one there."
    (told,) = unsaved("def f(x, y):\n    pass", ProgramOutcome(""), FILES)
    assert "its own f" in told


@pytest.mark.parametrize("code", ["def f(x):\n  return x  # the same", "print(1)", "def f(:", "def g(): pass"])
def test_what_is_as_it_was_is_not(code):
    assert unsaved(code, ProgramOutcome("0"), FILES) == []


def test_of_a_program_that_has_changed_something_nothing_is_said():
    assert unsaved("def f(): pass", ProgramOutcome("0", effects=("Write a.py",)), FILES) == []


@pytest.mark.parametrize("code", ["print('a.py')", "print('a', [1])\nprint(2)", "print()"])
def test_what_a_program_only_says_is_not_taken_for_something_found(code):
    assert has_own_words(code)


@pytest.mark.parametrize("code", ["print(1 + 1)", "x = 1\nprint('a')", "print(x)", "f('a')", "", "print("])
def test_what_it_works_out_may_be(code):
    assert not has_own_words(code)


def test_a_program_to_begin_with():
    assert "print(read_file('src/a.py'))" in first_look({"src/a.py": "", "b.py": ""})
    assert 'print(list_files("**/*"))' in first_look([])
