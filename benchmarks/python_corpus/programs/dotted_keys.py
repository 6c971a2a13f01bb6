import json
def keys(obj, prefix=""):
    if isinstance(obj, dict):
        for k, v in obj.items():
            yield prefix + k
            yield from keys(v, prefix + k + ".")
    elif isinstance(obj, list):
        for i, v in enumerate(obj):
            yield from keys(v, f"{prefix}{i}.")
print(*keys(json.load(open("data/nested.json"))), sep="\n")
