import pytest
from lib.schedule import read, times


def test_the_schedule(root):
    schedule = read((root / "config/schedule.yaml").read_text())
    assert schedule["nightly"][0] == "health 00:30"
    assert times(schedule)["prune"] == "05:00"


def test_what_is_not_understood():
    with pytest.raises(ValueError):
        read("nightly:\n    deep: 1\n")
