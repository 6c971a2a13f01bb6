from pathlib import Path
files = [p for p in Path(".").rglob("*") if p.is_file()]
files.sort(key=lambda p: p.stat().st_size, reverse=True)
for p in files[:3]:
    print(p, p.stat().st_size)
