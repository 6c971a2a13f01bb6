import csv, json

units = {}
with open("data/sales.csv") as f:
    for row in csv.DictReader(f):
        units[row["product"]] = units.get(row["product"], 0) + int(row["units"])
for p in json.load(open("data/products.json")):
    sold = units.get(p["name"], 0)
    print(f"{p['name']:<8} sold={sold:<4} left={p['stock'] - sold}")
