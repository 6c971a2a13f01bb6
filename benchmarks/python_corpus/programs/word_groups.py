from itertools import groupby

words = sorted(set(open("data/words.txt").read().lower().split()))
for letter, group in groupby(words, key=lambda w: w[0]):
    print(letter, list(group))
