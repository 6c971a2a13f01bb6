"""The parts of a source file that somebody names."""

from punie_acp.codemode.tools.excerpts import excerpts
from punie_acp.codemode.tools.outlines import outline

CODE = """\
LIMIT = 3
limit = 4


@cache
@other(1)
def area(width):
    def inner():
        return LIMIT

    return inner()


class Box:
    LIMIT = 5

    def area(self):
        return 1

    @property
    def size(self):
        return 2
"""


def parts(names, path="a.py", text=CODE):
    return [(one.symbol.parent, one.text) for one in excerpts(text, outline(text, path), names)]


def test_functions_have_their_decorators():
    assert parts({"area"})[0][1].startswith("@cache\n@other(1)\ndef area(width):\n    def inner():")


def test_methods_stand_without_their_class_and_its_indentation():
    assert parts({"size", "Box"}) == [("Box", "@property\ndef size(self):\n    return 2")]
    assert parts({"area"})[1] == ("Box", "def area(self):\n    return 1")


def test_a_class_is_whole_where_none_of_its_methods_is_named():
    ((_, text),) = parts({"Box"})
    assert text.startswith("class Box:")
    assert text.endswith("return 2")


def test_of_two_that_are_named_the_outer_one_has_the_inner_one():
    assert [text.count("def inner") for _, text in parts({"area", "inner"})] == [1, 0]


def test_of_variables_only_constants_at_the_top_level():
    assert parts({"LIMIT", "limit"}) == [("", "LIMIT = 3")]


def test_other_languages_and_what_is_no_code():
    assert parts({"run"}, "a.js", "function run() {\n  return 1;\n}\n") == [("", "function run() {\n  return 1;\n}")]
    assert parts({"run"}, "a.md", "run") == []
