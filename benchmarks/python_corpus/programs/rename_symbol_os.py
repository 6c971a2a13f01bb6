import os

def rename(old, new, root="."):
    n = 0
    for dirpath, dirnames, filenames in os.walk(root):
        dirnames[:] = [d for d in dirnames if d not in (".git", "__pycache__")]
        for filename in filenames:
            if filename.endswith(".py"):
                path = os.path.join(dirpath, filename)
                with open(path, "r") as f:
                    content = f.read()
                if old in content:
                    with open(path, "w") as f:
                        f.write(content.replace(old, new))
                    n += 1
    return n

print("files changed:", rename("MAX_ITEMS", "ITEM_LIMIT"))
