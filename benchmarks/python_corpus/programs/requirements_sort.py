with open("requirements.txt") as f:
    lines = [l.strip() for l in f if l.strip() and not l.startswith("#")]
lines.sort(key=str.lower)
with open("requirements.sorted.txt", "w") as f:
    f.writelines(l + "\n" for l in lines)
print(lines)
