from scripts.reading import Walk
from scripts.totals import month, pieces_by

ROWS = [
    Walk("2025-01-01", "A", "x", "glass", 3, 1.0),
    Walk("2025-02-01", "B", "x", "rope", 4, 2.0),
    Walk("2025-02-02", "A", "y", "rope", 5, 2.5),
]


def test_pieces_by_field():
    assert pieces_by(ROWS, "beach") == {"A": 8, "B": 4}
    assert pieces_by(ROWS, "kind") == {"glass": 3, "rope": 9}


def test_months():
    assert [month(row) for row in ROWS] == ["2025-01", "2025-02", "2025-02"]
