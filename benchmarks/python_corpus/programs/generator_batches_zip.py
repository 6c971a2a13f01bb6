def pairs(seq):
    it = iter(seq)
    while True:
        try:
            yield next(it), next(it)
        except StopIteration:
            return

print(list(pairs("abcdef")))
for (a, b), n in zip(pairs([1, 2, 3, 4]), "xy"):
    print(a, b, n)
