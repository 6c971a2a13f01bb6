from collections import Counter
text = open("README.md").read()
counts = Counter(c.lower() for c in text if c.isalpha())
for letter, n in sorted(counts.items(), key=lambda p: (-p[1], p[0]))[:5]:
    print(f"{letter} {'#' * n} {n}")
