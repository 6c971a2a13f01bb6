import itertools as it
print(list(it.chain([1], [2, 3])), list(it.product("ab", repeat=2))[:3], list(it.permutations([1, 2, 3], 2))[:3])
print(list(it.combinations("abcd", 2)), list(it.accumulate([1, 2, 3, 4])), list(it.islice(it.count(5, 5), 3)))
print([(k, len(list(g))) for k, g in it.groupby("aaabbc")], list(it.zip_longest([1, 2], "a", fillvalue="-")))
print(list(it.takewhile(lambda x: x < 3, [1, 2, 3, 1])), list(it.dropwhile(lambda x: x < 3, [1, 2, 3, 1])), list(it.starmap(pow, [(2, 3), (3, 2)])))
print(list(it.repeat("x", 2)), list(it.compress("abc", [1, 0, 1])), list(it.filterfalse(lambda x: x % 2, range(5))))
cycle = it.cycle("ab")
print([next(cycle) for _ in range(5)])
