import shutil
from pathlib import Path

target = Path("archive")
target.mkdir()
for p in sorted(Path("data").glob("*.csv")):
    shutil.move(str(p), str(target / p.name))
print(sorted(x.name for x in target.iterdir()))
print([p.name for p in sorted(Path("data").iterdir())])
