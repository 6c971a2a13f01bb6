import json

with open("data/products.json") as f:
    products = json.load(f)
missing = [p["name"] for p in products if p["stock"] == 0]
print("Out of stock:", ", ".join(missing) or "nothing")
