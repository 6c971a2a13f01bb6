import json
from pathlib import Path
path = Path("data/products.json")
products = json.loads(path.read_text())
for p in products:
    if p["stock"] < 10:
        p["reorder"] = True
path.write_text(json.dumps(products, indent=2) + "\n")
print(sum(p.get("reorder", False) for p in products))
