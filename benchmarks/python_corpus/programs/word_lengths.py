words = open("data/words.txt").read().split()
lengths = {}
for w in words:
    lengths.setdefault(len(w), []).append(w)
for k in sorted(lengths):
    print(k, lengths[k])
print("longest:", max(words, key=len))
