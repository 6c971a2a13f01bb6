"""What a program will touch is known before it starts, as far as it stands there."""

from __future__ import annotations

from time import process_time

import pytest

from punie_acp.codemode.preview import Preview, preview


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("print(read_file('a.py'))\nwrite_file('b.py', 'x')", Preview(("a.py",), ("b.py",))),
        ("run_command('pytest -q')\nrun_command(command=['git', 'status'])", Preview(runs=("pytest -q", "git status"))),
        ("for p in list_files('src/**/*.py'):\n    read_file(p)", Preview(("src/**/*.py",), others=("read",))),
        ("with open('a') as f, open('b', 'w') as g:\n    pass", Preview(("a",), ("b",))),
        (
            "from pathlib import Path\n(Path('src') / 'a.py').read_text()\nPath('n').mkdir()",
            Preview(("src/a.py",), ("n",)),
        ),
        ("import subprocess as sp\nsp.run(['ls', '-l'], cwd='x')", Preview(runs=("ls -l",))),
        ("from subprocess import run as go\ngo(f'ls {x}')", Preview(others=("run",))),
        ("NAME = 'a.py'\nedit_file(NAME, 'x', 'y')", Preview(writes=("a.py",))),
        ("n = 'a'\nn = 'b'\nread_file(n)", Preview(others=("read",))),
        ("import shutil\nshutil.copy('a', 'b')\nshutil.move('c', 'd')", Preview(("a",), ("b", "c", "d"))),
        ("import os\nos.rename('a', name)", Preview(writes=("a",), others=("write",))),
        ("p.write_text('x')\n'a b'.replace('a', 'b')", Preview(others=("write",))),
        ("from pathlib import Path\nPath('src').rglob('*.py')", Preview(("src/*.py",))),
        ("print(1 + 1)", Preview()),
        ("this is no Python", Preview()),
        ("open('a', mode)", Preview(writes=("a",))),
        ("import os\nos.chmod('a', 0o755)\nos.symlink('b', 'c')", Preview(("b",), ("a", "c"))),
        ("run_tests()\nlint('src')", Preview(runs=("run_tests", "lint"))),
        ("apply_patch('--- a/x.py\\n+++ b/x.py\\n--- /dev/null\\n+++ b/n.py\\n')", Preview(writes=("x.py", "n.py"))),
        ("apply_patch(text)", Preview(others=("write",))),
    ],
)
def test_literal_paths_and_commands_are_found(code, expected):
    assert preview(code) == expected


def test_the_sentences_say_honestly_that_there_is_more():
    seen = preview("write_file('a', '')\nwrite_file(b, '')\nread_file(c)")
    assert seen.sentences() == ["Reads what depends on its data", "Writes `a`, and others that depend on its data"]


def test_a_usual_program_is_looked_at_in_about_a_millisecond():
    code = "for p in list_files('src'):\n    text = read_file(p)\n    write_file(p + '.new', text.upper())\n" * 8
    times = []
    for _ in range(20):
        began = process_time()
        preview(code)
        times.append(process_time() - began)
    assert min(times) < 0.002
