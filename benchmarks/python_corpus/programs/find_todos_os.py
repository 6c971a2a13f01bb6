import os

def find_todos(folder):
    found = []
    for root, _, files in os.walk(folder):
        for f in files:
            if not f.endswith(".py"):
                continue
            full = os.path.join(root, f)
            with open(full, "r", encoding="utf-8") as fh:
                for i, line in enumerate(fh, 1):
                    if "TODO" in line or "FIXME" in line:
                        found.append((full, i, line.strip()))
    return found

for full, i, text in sorted(find_todos("src")):
    print("{}:{}: {}".format(full, i, text))
