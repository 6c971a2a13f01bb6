from pathlib import Path

counts = {p: len(p.read_text().splitlines()) for p in Path("src").rglob("*.py")}
for p, n in sorted(counts.items(), key=lambda kv: (-kv[1], str(kv[0]))):
    print(f"{n:>4}  {p}")
print(sum(counts.values()))
