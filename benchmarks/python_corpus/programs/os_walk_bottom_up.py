import os
for root, dirs, files in os.walk("src", topdown=False):
    print(root, sorted(files)[:2])
