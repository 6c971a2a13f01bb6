a, b = {1, 2, 3}, {3, 4}
print(a | b, a & b, a - b, a ^ b, a <= {1, 2, 3, 4}, a.isdisjoint({9}))
a.add(7); a.discard(100); a.update([8]); a.remove(1)
print(sorted(a), len(a), 7 in a, sorted(a.union(b)))
print(list(dict.fromkeys([3, 1, 3, 2])))
