d = {"a": 1}
d.update(b=2); d.setdefault("c", []).append(3)
print(d, d.get("z", 0), d.pop("a"), list(d), d.items(), "b" in d, len(d))
print({**d, "e": 5}, d | {"f": 6}, dict(zip("ab", [1, 2])), dict([("k", "v")]), {v: k for k, v in {"x": 1}.items()})
for k in list(d):
    if k == "b":
        del d[k]
print(d)
nested = {"a": {"b": {"c": 1}}}
print(nested["a"]["b"]["c"], nested.get("x", {}).get("y"))
