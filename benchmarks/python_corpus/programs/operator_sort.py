from operator import attrgetter, itemgetter
import json
products = json.load(open("data/products.json"))
for p in sorted(products, key=itemgetter("stock", "name")):
    print(p["name"], p["stock"])
class P:
    def __init__(self, n): self.n = n
print([p.n for p in sorted([P(3), P(1)], key=attrgetter("n"))])
