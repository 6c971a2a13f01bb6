import re, glob
names = set()
for f in glob.glob("src/**/*.py", recursive=True):
    for line in open(f):
        m = re.match(r"\s*(?:from|import)\s+([\w.]+)", line)
        if m:
            names.add(m.group(1))
print("\n".join(sorted(names)))
