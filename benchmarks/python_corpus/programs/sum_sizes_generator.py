from pathlib import Path
def sizes(folder, pattern="*"):
    for path in sorted(Path(folder).rglob(pattern)):
        if path.is_file():
            yield path.relative_to(folder), path.stat().st_size
total = 0
for name, size in sizes("data"):
    total += size
    print(f"{str(name):<15}{size:>6}")
print(total, dict(sizes("docs", "a*.md")).keys() != [])
