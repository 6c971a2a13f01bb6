from datetime import date
from pathlib import Path
entry = f"## {date(2024, 5, 1):%Y-%m-%d}\n\n- first\n- second\n\n"
path = Path("CHANGELOG.md")
old = path.read_text() if path.exists() else "# Changelog\n"
path.write_text(entry + old)
print(path.read_text())
