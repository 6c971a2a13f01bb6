from pathlib import Path
print(sorted(str(p) for p in Path(".").rglob("*cart*")))
print(sorted(p.name for p in Path("src").glob("*/*.py") if not p.name.startswith("__")))
print(len([p for p in Path(".").iterdir() if p.is_dir()]))
