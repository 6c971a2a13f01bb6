"""A day's shipments."""

import csv
from collections import Counter

from parcels.quotes import calc_price

# TODO: time zones


def read_shipments(path: str) -> list[dict]:
    """The rows of a CSV file with city, weight and express."""
    with open(path, newline="") as file:
        return [
            {"city": row["city"], "weight": float(row["weight"]), "express": row["express"] == "yes"}
            for row in csv.DictReader(file)
        ]


def revenue(shipments: list[dict]) -> int:
    """The sum of all prices, in cents."""
    # TODO: refunds
    return sum(calc_price(one["weight"], one["express"]) for one in shipments)


def by_city(shipments: list[dict]) -> Counter:
    """How many parcels went to each city."""
    # TODO: merge spellings
    return Counter(one["city"] for one in shipments)
