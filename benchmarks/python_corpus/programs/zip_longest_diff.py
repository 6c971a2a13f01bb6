from itertools import zip_longest
old = open("data/words.txt").read().splitlines()
new = [l.title() for l in old] + ["extra"]
for n, (a, b) in enumerate(zip_longest(old, new, fillvalue=""), 1):
    if a != b:
        print(f"{n}: -{a!r} +{b!r}"[:50])
