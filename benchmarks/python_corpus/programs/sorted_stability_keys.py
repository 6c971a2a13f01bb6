rows = [("b", 2), ("a", 2), ("c", 1)]
print(sorted(rows, key=lambda r: r[1]), sorted(rows, key=lambda r: (-r[1], r[0])))
from operator import itemgetter
rows.sort(key=itemgetter(1), reverse=True)
print(rows, sorted("B a C".split(), key=str.casefold))
