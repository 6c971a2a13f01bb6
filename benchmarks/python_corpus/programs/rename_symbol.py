import re
from pathlib import Path

changed = []
for path in sorted(Path("src").rglob("*.py")):
    old = path.read_text()
    new = re.sub(r"\bold_total\b", "compute_total", old)
    if new != old:
        path.write_text(new)
        changed.append((str(path), len(re.findall(r"\bcompute_total\b", new))))
for name, count in changed:
    print(f"{name}: {count} replacement(s)")
