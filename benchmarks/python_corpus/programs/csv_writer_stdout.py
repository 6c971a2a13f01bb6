import csv
import sys

writer = csv.writer(sys.stdout, lineterminator="\n")
writer.writerow(["x", "x squared"])
for x in range(3):
    writer.writerow([x, x ** 2])
