"""What of an unfinished program is complete, whatever is written next."""

import ast

import pytest

from punie_acp.codemode.early.closed import Closed


@pytest.mark.parametrize(
    ("code", "closed"),
    [
        ("", ""),
        ("x = 1", ""),
        ("x = 1\n", "x = 1\n"),
        ("x = 1\ny = 2", "x = 1\n"),
        ("x = read_file(\n    'a.txt',\n)", ""),
        ("x = read_file(\n    'a.txt',\n)\n", "x = read_file(\n    'a.txt',\n)\n"),
        ("x = 1 + \\\n", ""),
        ("for x in y:\n    print(x)\n", ""),
        ("for x in y:\n    print(x)\ne", ""),
        ("for x in y:\n    print(x)\nel", ""),
        ("for x in y:\n    print(x)\nelse", ""),
        ("for x in y:\n    print(x)\nelsewhere", "for x in y:\n    print(x)\n"),
        ("for x in y:\n    print(x)\nprint(1", "for x in y:\n    print(x)\n"),
        ("if x: y\n", ""),
        ("if x: y\n\n# so\n", ""),
        ("if x: y\n(z)", "if x: y\n"),
        ("try:\n    x\nexcept E:\n    y\nfin", ""),
        ("try:\n    x\nexcept E:\n    y\nfind", "try:\n    x\nexcept E:\n    y\n"),
        ("@decorated\ndef f():\n    pass\n", ""),
        ("@decorated\ndef f():\n    pass\n@", "@decorated\ndef f():\n    pass\n"),
        ("x = '''a\nb = 1\nc\n", ""),
        ("y = 0\nx = '''a\nb = 1\nc\n", "y = 0\n"),
        ("x = '''a\nb'''\nprint", "x = '''a\nb'''\n"),
        ("with open('a') as f:\n    x = f.read()\n\n\nprint(x)", "with open('a') as f:\n    x = f.read()\n\n\n"),
        ("x = 1 +\ny = 2\n", ""),
    ],
)
def test_statements_are_closed_when_nothing_can_be_added_to_them(code, closed):
    assert code[: Closed().look(code)] == closed
    letter_by_letter = Closed()
    assert [letter_by_letter.look(code[:length]) for length in range(len(code) + 1)][-1] == len(closed)


PROGRAM = """import re
# what is to be found
WORDS = [
    "one",
"two",
]


def found(text):
    \"\"\"Words.

in a text\"\"\"
    return [w for w in WORDS if w in text]


for path in list_files("*.txt"):
    if found(read_file(path)):
        print(path)
else:
    print("end")
try:
    x = 1
finally:
    x = 2
print(x)
"""


def test_what_is_closed_only_grows_and_is_never_less_than_whole_statements():
    ends = {0}
    lines = PROGRAM.splitlines(keepends=True)
    for node in ast.parse(PROGRAM).body:
        ends.add(len("".join(lines[: node.end_lineno])))
    done, closed = 0, Closed()
    for length in range(len(PROGRAM) + 1):
        cut = closed.look(PROGRAM[:length])
        assert cut >= done
        assert PROGRAM[:cut].rstrip() in {PROGRAM[:end].rstrip() for end in ends} | {"import re\n# what is to be found"}
        done = cut
    assert done == len(PROGRAM)
