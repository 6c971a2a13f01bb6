print([x * y for x in range(3) for y in range(3) if x != y], {w: len(w) for w in ["a", "bb"]}, {c for c in "hello"} == set("helo"))
matrix = [[1, 2, 3], [4, 5, 6]]
print([[row[i] for row in matrix] for i in range(3)], list(zip(*matrix)), [y for row in matrix for y in row])
print([("even" if n % 2 == 0 else "odd") for n in range(3)], sum(x ** 2 for x in range(4)))
