"""Where a text was missed: the nearest lines, compared as a whole."""

from punie_acp.codemode.replacing import nearest

LINES = ["class A:", "    def f(self):", "        return 1", "", "class B:", "    def f(self):", "        return 2"]


def test_lines_that_begin_alike_are_told_apart_by_what_follows():
    assert nearest(LINES, ["    def f(self):", "        return 2 "]).startswith(
        "; line 6 differs from it only in white"
    )
    assert nearest(LINES, ["    def f(self):", "        retrun 2"]).startswith("; the nearest is at line 6:")


def test_a_blank_or_wrong_first_line_does_not_mislead():
    assert nearest(LINES, ["", "class B:", "  def f(self):"]).startswith("; line 5 differs from it only in white")
    assert nearest(LINES, ["@decorated", "class B:", "    def f(self):"]).startswith("; the nearest is at line 4:")


def test_nothing_alike_is_said():
    assert nearest(LINES, ["zzz = qqq"]).startswith(" and nothing like it is")
