import re
from pathlib import Path

pattern = re.compile(r"#\s*(TODO|FIXME|HACK)\b:?\s*(.*)")
for path in sorted(Path(".").glob("**/*.py")):
    for lineno, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        m = pattern.search(line)
        if m:
            print(f"{path}:{lineno}: [{m.group(1)}] {m.group(2)}")
