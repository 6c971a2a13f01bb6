from pathlib import Path
paths = [Path("b/z.txt"), Path("a.txt"), Path("b/a.txt")]
print(sorted(paths), max(paths), Path("a") < Path("b"), Path("a") == Path("./a"), {Path("a"): 1}[Path("a")])
