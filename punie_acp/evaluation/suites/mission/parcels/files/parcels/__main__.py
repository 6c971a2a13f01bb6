"""`python -m parcels FILE` prints a report."""

import sys

from parcels.report import by_city, read_shipments, revenue

shipments = read_shipments(sys.argv[1])
print(f"{len(shipments)} parcels, {revenue(shipments) / 100:.2f}")
for city, count in by_city(shipments).most_common():
    print(f"{city}: {count}")
