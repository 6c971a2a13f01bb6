seen = set()
unique = []
for line in open("data/words.txt").read().lower().split():
    if line not in seen:
        seen.add(line)
        unique.append(line)
print(unique, len(seen))
