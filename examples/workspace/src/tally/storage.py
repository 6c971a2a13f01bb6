"""Reading the job book, a CSV file."""

import csv
from datetime import date
from pathlib import Path

from tally import money
from tally.jobs import Job

# TODO: move to SQLite before the book grows past a few thousand lines


def load(path: Path) -> list[Job]:
    """All jobs in the file, in its order."""
    # TODO: say which line is wrong when a field cannot be read
    with path.open(newline="", encoding="utf-8") as file:
        return [_job(row) for row in csv.DictReader(file)]


def _job(row: dict[str, str]) -> Job:
    # TODO: refuse negative minutes
    return Job(
        number=int(row["number"]),
        day=date.fromisoformat(row["date"]),
        customer=row["customer"].strip(),
        work=row["work"].strip(),
        minutes=int(row["minutes"]),
        parts=money.parse(row["parts"]),  # TODO: parts bought in another currency
    )


def append(path: Path, job: Job) -> None:
    """Add a job at the end of the file."""
    # TODO: lock the file while it is written
    with path.open("a", newline="", encoding="utf-8") as file:
        row = [job.number, job.day.isoformat(), job.customer, job.work, job.minutes, f"{job.parts / 100:.2f}"]
        csv.writer(file).writerow(row)
