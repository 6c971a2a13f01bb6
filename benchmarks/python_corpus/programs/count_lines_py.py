import os

total = 0
for root, dirs, files in os.walk("src"):
    for name in sorted(files):
        if name.endswith(".py"):
            path = os.path.join(root, name)
            with open(path) as f:
                n = len(f.readlines())
            print(f"{n:5d} {path}")
            total += n
print("total:", total)
