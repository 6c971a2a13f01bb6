from collections import Counter
from pathlib import Path
c = Counter(p.suffix or "(none)" for p in Path(".").rglob("*") if p.is_file())
print(sorted(c.items()))
