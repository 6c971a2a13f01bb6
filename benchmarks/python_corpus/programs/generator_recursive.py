def walk(node, path=()):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from walk(value, path + (key,))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from walk(value, path + (i,))
    else:
        yield ".".join(map(str, path)), node

import json
for path, value in walk(json.load(open("data/nested.json"))):
    print(path, "=", value)
