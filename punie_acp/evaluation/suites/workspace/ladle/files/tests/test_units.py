import pytest

from ladle.units import UnitError, convert, parse_amount


def test_volumes_and_weights():
    assert convert(2, "cup", "ml") == 480
    assert convert(1.5, "kg", "g") == 1500


def test_a_volume_is_no_weight():
    with pytest.raises(UnitError):
        convert(1, "cup", "g")


def test_amounts():
    assert [parse_amount(text) for text in ("2", "0.5", "3/4")] == [2, 0.5, 0.75]
