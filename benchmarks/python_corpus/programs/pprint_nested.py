from pprint import pprint, pformat
import json
pprint(json.load(open("data/products.json")))
pprint({"b": 1, "a": [1, 2]})
print(pformat({"x": list(range(30))}))
pprint(list(range(40)), compact=True)
