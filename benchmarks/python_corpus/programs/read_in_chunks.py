def chunks(path, size=64):
    with open(path, "rb") as f:
        while True:
            block = f.read(size)
            if not block:
                break
            yield block
print([len(c) for c in chunks("README.md")], sum(1 for _ in chunks("logs/app.log", 100)))
