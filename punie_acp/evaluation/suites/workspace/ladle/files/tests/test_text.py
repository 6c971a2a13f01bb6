from ladle.text import format_amount, format_minutes


def test_minutes():
    assert [format_minutes(45), format_minutes(90)] == ["45 min", "1 h 30 min"]


def test_amounts():
    assert [format_amount(2.0), format_amount(0.333)] == ["2", "0.33"]
