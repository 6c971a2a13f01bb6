from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
def count(path):
    return path.name, len(path.read_text().splitlines())
paths = sorted(Path("src/shop").glob("*.py"))
with ThreadPoolExecutor() as ex:
    for name, n in ex.map(count, paths):
        print(name, n)
