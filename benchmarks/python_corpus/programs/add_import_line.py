from pathlib import Path
for path in sorted(Path("src/shop").iterdir()):
    if path.suffix != ".py":
        continue
    text = path.read_text()
    if "import logging" not in text:
        path.write_text("import logging\n" + text)
        print("added to", path.name)
