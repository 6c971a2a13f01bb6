import re
from pathlib import Path
text = {p: p.read_text() for p in sorted(Path("src").rglob("*.py"))}
everything = "\n".join(text.values())
for path, source in text.items():
    for name in re.findall(r"def (\w+)\(", source):
        uses = len(re.findall(rf"\b{name}\b", everything)) - 1
        if uses == 0 and not name.startswith("__"):
            print(f"{path.name}: {name} is never used")
