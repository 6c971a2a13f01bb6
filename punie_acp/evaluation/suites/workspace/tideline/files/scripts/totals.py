"""Adds up what was found."""

from scripts.reading import beaches, walks


def pieces_by(rows, field):
    """Pieces by the value of a field, such as "beach" or "kind"."""
    totals = {}
    for row in rows:
        key = getattr(row, field)
        totals[key] = totals.get(key, 0) + row.pieces
    return totals


def per_hundred_metres(pieces, metres):
    """Pieces for each 100 m of beach, to one digit."""
    return round(pieces / metres, 1)


def month(row):
    """The month of a walk, such as "2025-03"."""
    return row.date[:7]


def main():
    names = beaches()
    for code, pieces in sorted(pieces_by(walks(), "beach").items()):
        print(f"{names[code]['name']}: {pieces}")


if __name__ == "__main__":
    main()
