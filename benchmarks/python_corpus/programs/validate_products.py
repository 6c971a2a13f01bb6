import json
import sys

REQUIRED = {"id": int, "name": str, "price": (int, float), "tags": list}

def check(product):
    problems = []
    for key, kind in REQUIRED.items():
        if key not in product:
            problems.append(f"missing {key}")
        elif not isinstance(product[key], kind):
            problems.append(f"{key} has type {type(product[key]).__name__}")
    return problems

def main():
    with open("data/products.json") as f:
        data = json.load(f)
    data.append({"id": "x", "price": 3})
    bad = {i: p for i, item in enumerate(data) if (p := check(item))}
    for i, problems in bad.items():
        print(i, "; ".join(problems))
    print("OK" if not bad else f"{len(bad)} bad", file=sys.stderr)

main()
