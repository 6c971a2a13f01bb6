import csv
from itertools import groupby
from operator import itemgetter
rows = sorted(csv.DictReader(open("data/sales.csv")), key=itemgetter("region"))
for region, group in groupby(rows, key=itemgetter("region")):
    items = list(group)
    print(region, len(items), sum(float(r["revenue"]) for r in items))
