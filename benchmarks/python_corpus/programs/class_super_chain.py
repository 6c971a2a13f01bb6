class A:
    def __init__(self, x):
        self.x = x
    def show(self):
        return [f"A{self.x}"]

class B(A):
    def __init__(self, x, y):
        super().__init__(x)
        self.y = y
    def show(self):
        return super().show() + [f"B{self.y}"]

class C(B):
    def __init__(self, x, y, z):
        super().__init__(x, y)
        self.z = z
    def show(self):
        return super().show() + [f"C{self.z}"]

print(C(1, 2, 3).show(), isinstance(C(1, 2, 3), A), issubclass(C, B))
