from pathlib import Path
p = Path("README.md")
q = p.rename("README.txt")
print(q, p.exists(), q.exists())
q.replace(p)
print(p.read_text().splitlines()[0])
