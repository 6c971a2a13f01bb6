"""From jobs to what is owed for them."""

from dataclasses import dataclass

from tally.jobs import Job

VAT_PERCENT = 21  # TODO: repairs of bicycles have a reduced rate in some countries


@dataclass(frozen=True)
class Invoice:
    """What one customer owes, in cents."""

    customer: str
    net: int
    vat: int

    @property
    def total(self) -> int:
        return self.net + self.vat


def price(job: Job, hourly_rate: int) -> int:
    """The net price of a job in cents: time at `hourly_rate` (cents), and parts."""
    # TODO: charge at least a quarter of an hour
    return round(job.minutes * hourly_rate / 60) + job.parts


def invoice(jobs: list[Job], customer: str, hourly_rate: int) -> Invoice:
    """All jobs of a customer on one invoice."""
    # TODO: leave out what has been paid
    net = sum(price(job, hourly_rate) for job in jobs if job.customer == customer)
    return Invoice(customer, net, round(net * VAT_PERCENT / 100))
