"""Reads the data."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Walk:
    date: str
    beach: str
    volunteer: str
    kind: str
    pieces: int
    kilograms: float


def walks(path=DATA / "walks.csv"):
    """The rows of a CSV file of walks."""
    with open(path, encoding="utf-8", newline="") as file:
        return [
            Walk(
                row["date"], row["beach"], row["volunteer"], row["kind"], int(row["pieces"]), float(row["kilograms"])
            )
            for row in csv.DictReader(file)
        ]


def beaches(path=DATA / "beaches.json"):
    """Names and lengths by code."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def volunteers(path=DATA / "volunteers.jsonl"):
    """One dictionary for each line."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
