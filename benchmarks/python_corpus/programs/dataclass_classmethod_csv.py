import csv
from dataclasses import dataclass
from datetime import date

@dataclass(frozen=True)
class Sale:
    day: date
    region: str
    product: str
    units: int
    revenue: float

    @classmethod
    def from_row(cls, row):
        return cls(date.fromisoformat(row["date"]), row["region"], row["product"], int(row["units"]), float(row["revenue"]))

with open("data/sales.csv") as f:
    sales = [Sale.from_row(r) for r in csv.DictReader(f)]
by_month = {}
for s in sales:
    by_month[s.day.strftime("%Y-%m")] = by_month.get(s.day.strftime("%Y-%m"), 0) + s.units
print(by_month)
print(sales[0])
