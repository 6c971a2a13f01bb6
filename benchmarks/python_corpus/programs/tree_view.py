import os

def tree(path, prefix=""):
    entries = sorted(os.listdir(path))
    for i, entry in enumerate(entries):
        last = i == len(entries) - 1
        print(prefix + ("└── " if last else "├── ") + entry)
        full = os.path.join(path, entry)
        if os.path.isdir(full):
            tree(full, prefix + ("    " if last else "│   "))

tree("src")
tree("docs")
