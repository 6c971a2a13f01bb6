"""What can be counted: honey, inspections, pages."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

OVERDUE_DAYS = 28


def honey_by_year(inspections):
    """Kilograms by year, to one digit, the years in order."""
    totals = {}
    for one in inspections:
        year = one.date[:4]
        totals[year] = totals.get(year, 0) + one.honey
    return {year: round(totals[year], 1) for year in sorted(totals)}


def honey_by_hive(inspections):
    """Kilograms by the id of the hive."""
    totals = {}
    for one in inspections:
        totals[one.hive] = totals.get(one.hive, 0) + one.honey
    return totals


def last_inspections(inspections):
    """The date of the newest inspection by the id of the hive."""
    newest = {}
    for one in inspections:
        newest[one.hive] = max(one.date, newest.get(one.hive, ""))
    return newest


def overdue(hives, inspections, today, days=OVERDUE_DAYS):
    """The hives that nobody has looked into for more than `days` days, in the order of `hives`."""
    newest = last_inspections(inspections)
    latest = (today - timedelta(days=days)).isoformat()
    return [hive for hive in hives if hive.id in newest and newest[hive.id] < latest]


@dataclass(frozen=True)
class Page:
    """A part of a list: its rows, its number from 1, and how many there are."""

    rows: list
    number: int
    count: int

    @property
    def before(self):
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self):
        return self.number + 1 if self.number < self.count else None


def paginate(rows, number, size):
    """Page `number` of `rows`; numbers beyond the ends give the first or the last page."""
    count = len(rows) // size + 1
    number = min(max(number, 1), count)
    return Page(rows[(number - 1) * size : number * size], number, count)


def days_since(day, today):
    """Whole days between a date such as "2025-06-01" and `today`."""
    return (today - date.fromisoformat(day)).days


def main():
    from hivebook.store import Store

    store = Store(Path(__file__).parent.parent / "data")
    for year, total in honey_by_year(store.inspections()).items():
        print(f"{year}: {total} kg")


if __name__ == "__main__":
    main()
