import re
from pathlib import Path

for path in sorted(Path("src/shop").glob("*.py")):
    current = None
    for line in path.read_text().splitlines():
        if m := re.match(r"class (\w+)", line):
            current = m[1]
            print(f"{path.name}: class {current}")
        elif (m := re.match(r"    def (\w+)", line)) and current:
            print(f"    {current}.{m[1]}")
