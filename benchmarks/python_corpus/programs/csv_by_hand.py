lines = open("data/sales.csv").read().strip().split("\n")
header = lines[0].split(",")
rows = [dict(zip(header, line.split(","))) for line in lines[1:]]
print(len(rows), "rows,", sum(int(r["units"]) for r in rows), "units")
print(max(rows, key=lambda r: float(r["revenue"])))
