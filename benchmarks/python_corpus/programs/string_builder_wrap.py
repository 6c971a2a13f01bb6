words = open("data/words.txt").read().split()
line, lines = "", []
for w in words:
    if len(line) + len(w) + 1 > 20:
        lines.append(line)
        line = w
    else:
        line = f"{line} {w}".strip()
lines.append(line)
print("\n".join(f"|{l:<20}|" for l in lines))
