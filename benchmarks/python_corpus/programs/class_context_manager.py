class Section:
    def __init__(self, title):
        self.title = title
    def __enter__(self):
        print(f"<{self.title}>")
        return self
    def __exit__(self, exc_type, exc, tb):
        if exc_type:
            print("failed:", exc_type.__name__, exc)
        print(f"</{self.title}>")
        return True

with Section("a") as s:
    print(s.title)
    raise ValueError("bad")
print("after")
