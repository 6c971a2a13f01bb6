"""Which programs count as the same, whole and while they are written."""

import itertools
import time

import pytest

from punie_acp.codemode.sameness import normal_beginning, normal_form

CODE = """import os

def show(name, *more):
    text = f'''
      # no comment
    '''
    if name == "a#b":  # a comment
        return [
            text,
            "it's",
        ]
    return name or "\\"\\\\"

print(show("a#b"), 1.5 - 2)"""

SAME = {
    "fence": f"```python\n{CODE}\n```\n",
    "comments": CODE.replace("import os", "# First\nimport os  # a module").replace("  # a comment", ""),
    "blank lines": "\n\n" + CODE.replace("        return [", "\n   \n        return ["),
    "space behind": CODE.replace("1.5 - 2)", "1.5 - 2)   \t\n \n"),
    "line ends": CODE.replace("import os\n", "import os\r\n"),
    "narrower blocks": CODE.replace("        return [", "      return ["),
    "one line": CODE.replace("[\n            text,\n            ", "[text, "),
    "spaces": CODE.replace("show(name, *more)", "show( name,*more )"),
}
OTHER = {
    "a text": CODE.replace("# no comment", "# a comment"),
    "space in a text": CODE.replace("      # no", "     # no"),
    "a sign": CODE.replace("a#b", "a#c"),
    "behind a quote": CODE.replace("it's", "it's "),
    "deeper": CODE.replace("    return name", "        return name"),
    "less deep": CODE.replace("\nprint", "\n    print"),
    "more": CODE + "\nprint()",
    "less": CODE.rpartition("\n")[0],
}
WRONG = {  # and what is right, though only spaces are different
    "  x = 1\ny = 2": "x = 1\ny = 2",
    "x = 1\n  y = 2": "x = 1\ny = 2",
    "# c\n  x = 1": "# c\nx = 1",
    "if x:\n        y\n    z": "if x:\n    y\n    z",
    "if x:\n\ty\n        z": "if x:\n\ty\n\tz",
    "if x = = y: z": "if x == y: z",
    'print(f "x")': 'print(f"x")',
    "1 .real": "1.real",
    "x = 1 2": "x = 12",
}


@pytest.mark.parametrize("name", SAME)
def test_what_runs_the_same_counts_as_the_same(name):
    assert SAME[name] != CODE
    assert normal_form(SAME[name]) == normal_form(CODE)


def test_a_program_that_is_indented_as_a_whole_is_the_one_that_is_not():
    code = "# Go\nfor x in y:\n    z(x)\n\nw()"
    assert normal_form("\n".join(f"      {line}" if line else "" for line in code.splitlines())) == normal_form(code)


@pytest.mark.parametrize("name", OTHER)
def test_what_runs_otherwise_counts_as_another(name):
    assert OTHER[name] != CODE
    assert normal_form(OTHER[name]) != normal_form(CODE)


@pytest.mark.parametrize("wrong", WRONG)
def test_one_that_puts_its_spaces_right_is_another(wrong):
    assert normal_form(wrong) != normal_form(WRONG[wrong])


@pytest.mark.parametrize("name", SAME)
def test_each_beginning_of_the_same_program_begins_like_it(name):
    form = normal_form(CODE)
    beginnings = [normal_beginning(SAME[name][:end]) for end in range(len(SAME[name]) + 1)]
    assert all(form.startswith(one) for one in beginnings)
    assert len(set(beginnings)) > 30


@pytest.mark.parametrize("name", sorted(OTHER.keys() - {"less"}))
def test_another_program_is_known_as_such_soon_after_it_goes_another_way(name):
    form, other = normal_form(CODE), OTHER[name] + "\n"
    same = sum(1 for one, two in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(CODE, other, strict=False)))
    first = next(end for end in range(len(other) + 1) if not form.startswith(normal_beginning(other[:end])))
    assert first >= min(same, len(CODE))
    assert first <= other.index("\n", same) + len("\n    '''\n") + 10


def test_a_long_program_is_looked_through_in_no_time():
    code = CODE * 40  # some ten thousand characters
    began = time.perf_counter()
    normal_beginning(code)
    assert time.perf_counter() - began < 0.1
