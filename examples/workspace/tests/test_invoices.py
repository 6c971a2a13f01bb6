from datetime import date

from tally.invoices import invoice, price
from tally.jobs import Job

PUNCTURE = Job(1, date(2026, 2, 2), "Ada", "Repair puncture", 15, 450)
SERVICE = Job(2, date(2026, 3, 1), "Ada", "Spring service", 90, 0)
OTHER = Job(3, date(2026, 3, 1), "Grace", "New tyre", 20, 3200)


def test_a_price_is_time_and_parts():
    assert price(PUNCTURE, 5400) == 1350 + 450


def test_an_invoice_has_the_jobs_of_one_customer_and_vat():
    owed = invoice([PUNCTURE, SERVICE, OTHER], "Ada", 5400)
    assert (owed.net, owed.vat, owed.total) == (9900, 2079, 11979)
