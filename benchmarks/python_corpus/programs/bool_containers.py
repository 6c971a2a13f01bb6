class Basket:
    def __init__(self, items=()):
        self.items = list(items)
    def __len__(self):
        return len(self.items)
for b in (Basket(), Basket(["x"])):
    if b:
        print("has", len(b))
    else:
        print("empty")
    print("yes" if not b else "no", bool(b and b.items))
