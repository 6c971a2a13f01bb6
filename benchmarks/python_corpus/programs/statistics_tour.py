import csv, statistics
values = [float(r["revenue"]) for r in csv.DictReader(open("data/sales.csv"))]
print(f"mean {statistics.mean(values):.3f} median {statistics.median(values)} stdev {statistics.stdev(values):.3f}")
print(statistics.mode([1, 2, 2, 3]), statistics.pstdev([1, 2, 3, 4]), statistics.variance([1, 2, 3, 4]), statistics.mean([1, 2, 3, 4]))
print(statistics.median_low([1, 2, 3, 4]), statistics.median_high([1, 2, 3, 4]), statistics.fmean([1, 2]), statistics.multimode("aabb"))
try:
    statistics.mean([])
except statistics.StatisticsError as e:
    print("no data:", e)
print(statistics.quantiles([1, 2, 3, 4, 5], n=4))
