import csv

rows = [{"name": "a", "score": 3}, {"name": "b, c", "score": 4.5}, {"name": 'q"x', "score": None}]
with open("scores.csv", "w", newline="") as f:
    writer = csv.DictWriter(f, fieldnames=["name", "score"])
    writer.writeheader()
    writer.writerows(rows)
with open("scores.csv", newline="") as f:
    print(f.read())
