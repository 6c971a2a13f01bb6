from datetime import date

from tally.jobs import Job
from tally.report import best_customers, takings

JOBS = [
    Job(1, date(2026, 2, 2), "Ada", "Repair puncture", 60, 0),
    Job(2, date(2026, 3, 1), "Grace", "Spring service", 60, 100),
]


def test_takings_are_those_of_one_month():
    assert takings(JOBS, date(2026, 2, 1), 5400) == 5400


def test_the_best_customer_comes_first():
    assert best_customers(JOBS, 5400) == [("Grace", 5500), ("Ada", 5400)]
