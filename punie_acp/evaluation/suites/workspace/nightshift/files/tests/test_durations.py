import pytest
from lib.durations import seconds, text


@pytest.mark.parametrize(("written", "value"), [("90s", 90), ("45m", 2700), ("2h", 7200), (" 1d ", 86400)])
def test_seconds(written, value):
    assert seconds(written) == value


@pytest.mark.parametrize("written", ["", "5", "h", "5 h", "-3m"])
def test_what_is_no_duration(written):
    with pytest.raises(ValueError):
        seconds(written)


def test_text():
    assert [text(n) for n in (0, 90, 2700, 7200, 86400)] == ["0s", "90s", "45m", "2h", "1d"]
