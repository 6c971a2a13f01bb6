path = "src/shop/cart.py"
lines = open(path).read().splitlines()
at = next(i for i, l in enumerate(lines) if l.startswith("TAX_RATE"))
lines.insert(at + 1, 'CURRENCY = "EUR"')
open(path, "w").write("\n".join(lines) + "\n")
print(lines[at:at + 2])
