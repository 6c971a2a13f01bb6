import glob
best = ("", 0, "")
for path in sorted(glob.glob("src/**/*.py", recursive=True)):
    with open(path) as f:
        for n, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if len(line) > len(best[2]):
                best = (path, n, line)
print("%s:%d (%d characters)" % (best[0], best[1], len(best[2])))
