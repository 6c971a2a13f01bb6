import csv
from collections import defaultdict

revenue = defaultdict(float)
with open("data/sales.csv", newline="") as f:
    for row in csv.DictReader(f):
        revenue[row["region"]] += float(row["revenue"])
for region, amount in sorted(revenue.items(), key=lambda x: x[1], reverse=True):
    print(f"{region:<10}{amount:>10.2f}")
