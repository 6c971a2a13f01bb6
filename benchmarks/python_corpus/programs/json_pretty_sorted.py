import json
data = {"b": [1, 2.5, None], "a": {"x": True, "y": "é"}}
print(json.dumps(data, indent=2, sort_keys=True))
print(json.dumps(data, ensure_ascii=False), json.dumps([1, 2], separators=(",", ":")))
with open("out.json", "w") as f:
    json.dump(data, f)
print(json.load(open("out.json")) == data)
