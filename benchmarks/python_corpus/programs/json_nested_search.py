import json
def find(obj, key):
    if isinstance(obj, dict):
        for k, v in obj.items():
            if k == key:
                return v, True
            r = find(v, key)
            if r[1]: return r
    elif isinstance(obj, list):
        for x in obj:
            r = find(x, key)
            if r[1]: return r
    return None, False
print(find(json.load(open("data/nested.json")), "c"), find({}, "x"))
