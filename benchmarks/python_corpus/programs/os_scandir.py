import os
with os.scandir("docs") as it:
    for entry in sorted(it, key=lambda e: e.name):
        print(entry.name, entry.is_file(), entry.stat().st_size > 0, entry.path)
