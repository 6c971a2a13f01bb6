def test_slug():
    assert "a-b" == "a b".replace(" ", "-")


def test_old_total():
    assert sum([1, 2]) == 3
