rows = [("Name", "Qty", "Price"), ("Tea pot", 3, 24.5), ("Cup", 10, 4.25)]
widths = [max(len(str(r[i])) for r in rows) for i in range(3)]
for i, row in enumerate(rows):
    print(" | ".join(str(c).ljust(w) for c, w in zip(row, widths)))
    if i == 0:
        print("-+-".join("-" * w for w in widths))
