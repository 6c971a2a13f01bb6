import json
from collections import defaultdict

by_tag = defaultdict(list)
for product in json.loads(open("data/products.json").read()):
    for tag in product["tags"]:
        by_tag[tag].append(product["name"])
for tag in sorted(by_tag):
    print(f"{tag}: {sorted(by_tag[tag])}")
