with open("src/shop/models.py") as f:
    for number, line in enumerate(f, start=1):
        stripped = line.lstrip()
        indent = len(line) - len(stripped)
        if stripped.startswith(("class ", "def ")):
            print(f"{number:3}: {'  ' * (indent // 4)}{stripped.split('(')[0].rstrip().rstrip(':')}")
