import re
from pathlib import Path
p = Path("config/pyproject.toml")
text = p.read_text()
m = re.search(r'^version = "(\d+)\.(\d+)\.(\d+)"$', text, re.MULTILINE)
new = f'version = "{m[1]}.{int(m[2]) + 1}.0"'
p.write_text(text[:m.start()] + new + text[m.end():])
print(m[0], "->", new)
