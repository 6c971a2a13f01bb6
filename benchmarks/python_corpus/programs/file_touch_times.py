from pathlib import Path
p = Path("stamp")
p.touch()
print(p.exists(), p.stat().st_size, p.is_file())
p.unlink()
print(p.exists())
