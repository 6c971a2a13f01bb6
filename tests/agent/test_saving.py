"""What a program defines for a file, and does not put there."""

import pytest

from punie_acp.agent.saving import only_defines, renaming, unsaved, with_running, with_saving

FILES = {"a.py": "def f(x):\n    return x\n\nclass C:\n    pass\n", "broken.py": "def (", "b.py": ""}


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


def test_what_a_program_defines_for_a_file_is_put_there_before_it_goes_on():
    code = "import re\n\n@cached\ndef f(x):\n    return -x\n\ndef helper(): pass\nprint(run_command('pytest').stdout)"
    assert with_saving(code, FILES, "f(1) should give -1.") == (
        "import re\n\n@cached\ndef f(x):\n    return -x\n\ndef helper(): pass\n\nsave_definition('a.py', f)\n"
        "print(run_command('pytest').stdout)"
    )


def test_a_new_function_and_its_test_go_to_their_files():
    files = {**FILES, "test_a.py": ""}
    code = "def g(): pass\ndef test_g(): pass"
    saved = with_saving(code, files, "Add g() to a.py, and test_g.")
    assert saved == f"{code}\n\nsave_definition('a.py', g)\nsave_definition('test_a.py', test_g)"


@pytest.mark.parametrize(
    ("code", "question"),
    [
        ("def f(x):\n    return -x", "Mend it."),  # which is not said
        ("def f(x):\n    return x", "f(1) should give -1."),  # as it was
        ("def f(x):\n    return -x\nsave_definition('b.py', f)", "f(1) should give -1."),
        ("def f(x):\n    return -x\nedit_file('a.py', 'x', '-x')", "f(1) should give -1."),
        ("print(f(1))", "f(1) should give -1."),
        ("def f(", "f(1) should give -1."),
    ],
)
def test_any_other_program_is_left_as_it_is(code, question):
    assert with_saving(code, FILES, question) == code


@pytest.mark.parametrize(
    "code",
    [
        "def f(x): return -x\nsave_definition('a.py', f)",
        "edit_file('a.py', 'x', '-x')\n",
        "with open('a.txt', 'w') as file:\n    file.write('x')",
        "from pathlib import Path\nPath('a.txt').write_text('x')",
    ],
)
def test_what_is_to_be_run_is_run_behind_a_change(code):
    assert with_running(code, "pytest -q") == f"{code.rstrip()}\n\nprint(run_command('pytest -q').stdout)"


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("edit_file('a.py', 'x', '-x')", ""),
        ("edit_file('a.py', 'x', '-x')\nprint(run_command('pytest').stdout)", "pytest -q"),
        ("import subprocess\nopen('a.txt', 'w')\nsubprocess.run(['ls'])", "pytest -q"),
        ("print(open('a.py').read())", "pytest -q"),
        ("edit_file('a.py',", "pytest -q"),
        ("", "pytest -q"),
    ],
)
def test_a_program_is_left_as_it_is_that_runs_something_or_changes_nothing(code, command):
    assert with_running(code, command) == code


@pytest.mark.parametrize(
    "question",
    [
        "Rename f to g everywhere.",
        "Rename f of a.py to g.",
        "Please rename the function `f` of a.py to `g`, wherever it is called.",
        "Rename the function f of a.py to g, also in tests; then run the tests.",
    ],
)
def test_a_name_that_is_to_be_changed_is_changed_wherever_it_stands(question):
    program, told = renaming(FILES.values(), question)
    assert program == (
        '```python\nimport re\nfor path in sorted({found.path for found in search(r"\\bf\\b")}):\n'
        '    write_file(path, re.sub(r"\\bf\\b", "g", read_file(path)))\n    print(path)\n```'
    )
    assert told == "That changes f to g wherever it stands."


@pytest.mark.parametrize("question", ["Rename h to g.", "Rename f.", "What renames f to g?", "Add f to a.py."])
def test_where_no_known_name_is_to_be_changed_there_is_no_program_for_it(question):
    assert renaming(FILES.values(), question) == []
