from collections import Counter
import re

with open("data/words.txt") as f:
    words = re.findall(r"[a-z]+", f.read().lower())
for word, n in Counter(words).most_common(3):
    print(word, n)
