class Counter:
    instances = []
    def __init__(self, name):
        self.name = name
        self.n = 0
        self.instances.append(self)
    def __iadd__(self, k):
        self.n += k
        return self
a, b = Counter("a"), Counter("b")
a += 3
b += 1
a += 1
print([(c.name, c.n) for c in Counter.instances])
