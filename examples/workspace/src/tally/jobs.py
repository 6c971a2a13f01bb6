"""What the workshop did, for whom, and when."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Job:
    """One line of the job book."""

    number: int
    day: date
    customer: str
    work: str
    minutes: int
    parts: int  # cents


def in_month(job: Job, month: date) -> bool:
    """Whether a job was done in the month of `month`."""
    return job.day.month == month.month
