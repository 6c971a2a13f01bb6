from pathlib import Path
out = Path("build") / "reports" / "2024"
out.mkdir(parents=True, exist_ok=True)
for i in range(3):
    (out / f"r{i}.txt").write_text(f"report {i}\n", encoding="utf-8")
print([p.name for p in sorted(out.iterdir())], sum(p.stat().st_size for p in out.glob("*.txt")))
