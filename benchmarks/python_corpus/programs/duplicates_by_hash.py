import hashlib
from collections import defaultdict
from pathlib import Path
Path("copy1.md").write_bytes(Path("README.md").read_bytes())
seen = defaultdict(list)
for p in sorted(Path(".").rglob("*")):
    if p.is_file():
        seen[hashlib.md5(p.read_bytes()).hexdigest()].append(str(p))
for paths in seen.values():
    if len(paths) > 1:
        print(paths)
