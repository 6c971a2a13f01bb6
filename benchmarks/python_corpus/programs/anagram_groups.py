from collections import defaultdict
words = "listen silent enlist google elgoog abc cab".split()
groups = defaultdict(list)
for w in words:
    groups["".join(sorted(w))].append(w)
print(sorted(groups.values(), key=lambda g: (-len(g), g[0])))
