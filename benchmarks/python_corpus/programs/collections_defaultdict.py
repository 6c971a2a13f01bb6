from collections import defaultdict
tree = lambda: defaultdict(tree)
t = tree()
t["a"]["b"]["c"] = 1
import json
print(json.dumps(t))
groups = defaultdict(set)
for w in ["ab", "ba", "abc"]:
    groups["".join(sorted(w))].add(w)
print({k: sorted(v) for k, v in groups.items()})
