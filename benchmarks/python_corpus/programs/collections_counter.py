from collections import Counter
c = Counter("mississippi")
print(c.most_common(2), c["s"], c["z"], sum(c.values()))
c.update("miss")
print(c, c - Counter("iiii"), sorted(c.elements())[:3])
print(Counter(a=1) + Counter(a=2, b=1), dict(Counter([1, 1, 2])))
