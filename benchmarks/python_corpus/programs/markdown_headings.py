from pathlib import Path
for p in sorted(Path("docs").glob("*.md")):
    in_code = False
    for line in p.read_text().splitlines():
        if line.startswith("```"):
            in_code = not in_code
        if not in_code and line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            print(f"{p.name} {'  ' * (level - 1)}{line.lstrip('#').strip()}")
