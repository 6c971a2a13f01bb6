import json

products = json.load(open("data/products.json"))
lines = ["| Name | Price | Stock |", "| --- | ---: | ---: |"]
for p in sorted(products, key=lambda p: p["price"]):
    lines.append(f"| {p['name']} | {p['price']:.2f} | {p['stock']} |")
report = "\n".join(lines)
with open("report.md", "w") as f:
    f.write(report + "\n")
print(report)
