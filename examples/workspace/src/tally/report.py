"""Figures over many jobs."""

from datetime import date

from tally.invoices import price
from tally.jobs import Job, in_month


def takings(jobs: list[Job], month: date, hourly_rate: int) -> int:
    """Net takings of a month, in cents."""
    return sum(price(job, hourly_rate) for job in jobs if in_month(job, month))


def best_customers(jobs: list[Job], hourly_rate: int) -> list[tuple[str, int]]:
    """Customers and what they brought in, the best first."""
    sums: dict[str, int] = {}
    for job in jobs:
        sums[job.customer] = sums.get(job.customer, 0) + price(job, hourly_rate)
    # TODO: names in the order of the alphabet where the sums are equal
    return sorted(sums.items(), key=lambda item: -item[1])
