from pathlib import Path
with Path("data/words.txt").open() as f:
    print([line.split()[0] for line in f])
with Path("o.txt").open("w", encoding="utf-8") as f:
    f.writelines(["a\n", "b\n"])
print(Path("o.txt").read_bytes())
