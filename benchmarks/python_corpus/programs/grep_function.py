import re
from pathlib import Path
from typing import Iterator, NamedTuple

class Hit(NamedTuple):
    path: str
    line: int
    text: str

def grep(pattern: str, root: str = ".") -> list[Hit]:
    rx = re.compile(pattern)
    hits = []
    for p in sorted(Path(root).rglob("*.py")):
        for i, line in enumerate(p.read_text().splitlines(), 1):
            if rx.search(line):
                hits.append(Hit(str(p), i, line.strip()))
    return hits

for hit in grep(r"\bprice\b", "src"):
    print(f"{hit.path}:{hit.line}:{hit.text}")
print(hit._replace(text=""))
