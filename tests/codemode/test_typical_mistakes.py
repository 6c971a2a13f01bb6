"""Mistakes that models make often: found before anything happens, with the line, the column and the likely fix."""

import pytest

MISTAKES = [
    ("read_file(name='a.txt')", 1, "read_file takes path, not name"),
    ("read_file()", 1, "read_file takes path, start_line, end_line"),
    ("write_file('a.txt')", 1, "'content'"),
    ("write_file(path='a', value='b')", 1, "write_file takes content, not value"),
    ("write_file('a.txt', 5)", 1, "write_file takes path, content"),
    ("edit_file('a.txt', old='x', replacement_text='y')", 1, "edit_file takes new, not replacement_text"),
    ("run_command('ls', shell=True)", 1, "run_command takes command, cwd, timeout, and no shell"),
    ("list_files('src', recursive=True)", 1, "list_files takes pattern, and no recursive"),
    ("search('x', 'src', 'y')", 1, "search takes pattern, glob"),
    ("run_command('ls').output", 1, "it has exit_code, stdout, stderr"),
    ("m = search('x')\nprint(m[0].lineno)", 2, "it has path, line, text"),
    ("read_files('a.txt')", 1, "did you mean 'read_file'?"),
    ("result = 1\nprint(reslt)", 2, "did you mean 'result'?"),
    ("import shutl\nprint(shutl)", 1, "no module 'shutl'"),
    ("import pandas as pd\nprint(pd)", 1, "csv.DictReader"),
    ("import requests\nprint(requests)", 1, "no network"),
    ("from os import pth", 1, "did you mean 'path'?"),
    ("import shutil\nshutil.copyfiles('a', 'b')", 2, "did you mean 'copyfile'?"),
    ("import subprocess\nsubprocess.runn('ls')", 2, "did you mean 'run'?"),
    ("import os\nprint(os.path.exist('a'))", 2, "did you mean 'exists'?"),
    ("import subprocess\nr = subprocess.run('ls', shell=True)\nprint(r.output)", 3, "it has args, returncode, stdout"),
    ("import textwrap\ntextwrap.dedent('a').push(1)", 2, "'str' object has no attribute 'push'"),
    ("import re\nre.findal('a', 'b')", 2, "did you mean 'findall'?"),
    ("import glob\nglob.glob()", 2, "it takes pathname"),
    ("import shutil\nshutil.copy('a')", 2, "missing a required argument: 'dst'"),
    ("def f(a, b):\n    return a\nf(1)", 3, "'b' of function 'f'"),
    ("text = read_file('a.txt')\ntext.append('x')", 2, "text does not change"),
    ("for line in read_file('a.txt'):\n    print(line)", 1, "read_file(path).splitlines()"),
    ("print([one for one in read_file('a.txt') if one])", 1, "read_file(path).splitlines()"),
    ("[1].push(2)", 1, "use append"),
    ("{}.has_key(1)", 1, "use key in d"),
    ("for i in range(3)\n    print(i)", 1, "expected ':'"),
    ("print('a'", 1, "'(' was never closed"),
    ("def f():\nreturn 1", 2, "expected an indented block"),
]


@pytest.mark.parametrize(("code", "line", "hint"), MISTAKES)
def test_a_typical_mistake_is_found_first_and_told_with_its_fix(lab, code, line, hint):
    error = lab.run("write_file('effect.txt', 'x')\n" + code).outcome.error
    assert error is not None
    assert (error.kind in {"type", "syntax"}, error.line) == (True, line + 1)
    assert hint in error.message
    assert "^" in error.excerpt
    assert not (lab.root / "effect.txt").exists()


RIGHT = [
    "import os\nfor os in []:\n    os.nothing",
    "try:\n    from os import nothing\nexcept ImportError:\n    nothing = None",
    "def f(*args):\n    return args\nf(1, 2, 3)",
    "def f(a, b=1):\n    return a\nargs = [1, 2]\nf(*args)",
    "import json\nprint(json.dumps({1: 2}, indent=2, sort_keys=True))",
    "import subprocess\nsubprocess.run(['true'], check=True, capture_output=True, text=True)",
    "import shutil\noptions = {'src': 'a.txt', 'dst': 'b.txt'}\nshutil.copy(**options)",
    "items = []\nitems = 'text'\nitems.upper()",
    "x = None\nx = x or 'a'\nx.strip()",
    "from enum import Enum\nclass K(str, Enum):\n    A = 'a'\nprint(K.A.value)",
    "import string\nstring.Template('$a').substitute(a=1)",
]


@pytest.mark.parametrize("code", RIGHT)
def test_what_may_be_right_is_not_held_against_a_program(lab, code):
    assert lab.run(code).outcome.error is None


@pytest.mark.parametrize(
    "code",
    [
        "print(sum(1 for char in read_file('a.txt')))",
        "for c in read_file('a.txt'):\n    pass",
        "for line in read_file('a.txt').splitlines():\n    pass",
        "def read_file(path):\n    return ['a']\nfor line in read_file('a.txt'):\n    pass",
    ],
)
def test_characters_that_are_meant_are_no_mistake(lab, code):
    assert lab.run(code).outcome.error is None
