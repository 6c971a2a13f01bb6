class Pixel:
    __slots__ = ("x", "y")
    def __init__(self, x, y):
        self.x = x
        self.y = y
    def __repr__(self):
        return "Pixel(%d, %d)" % (self.x, self.y)
    def __hash__(self):
        return hash((self.x, self.y))
    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)

print({Pixel(1, 2), Pixel(1, 2), Pixel(0, 0)} == {Pixel(0, 0), Pixel(1, 2)}, len({Pixel(1, 2), Pixel(1, 2)}))
