import os
for root, dirs, files in os.walk(".", topdown=True):
    dirs[:] = sorted(d for d in dirs if d not in {"logs", "config"})
    depth = root.count(os.sep)
    print("  " * depth + os.path.basename(root) + "/", len(files))
