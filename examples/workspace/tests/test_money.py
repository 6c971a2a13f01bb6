import pytest

from tally import money


@pytest.mark.parametrize(("text", "cents"), [("0.00", 0), ("12.50", 1250), ("7", 700), ("0.005", 1)])
def test_parse(text, cents):
    assert money.parse(text) == cents


def test_show_keeps_two_places():
    assert money.show(1205) == "€ 12.05"
    assert money.show(-50) == "-€ 0.50"
