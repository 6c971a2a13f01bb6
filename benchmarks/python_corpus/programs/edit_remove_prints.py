import re, glob
for path in sorted(glob.glob("src/shop/*.py")):
    source = open(path).read()
    cleaned = re.sub(r"^\s*print\(.*\)\n", "", source, flags=re.MULTILINE)
    if cleaned != source:
        with open(path, "w") as f:
            f.write(cleaned)
        print(path, source.count("\n") - cleaned.count("\n"), "line(s) removed")
