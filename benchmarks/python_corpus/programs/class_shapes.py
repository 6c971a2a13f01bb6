import math

class Shape:
    def area(self):
        raise NotImplementedError

    def describe(self):
        return f"{self.__class__.__name__} with area {self.area():.2f}"

class Circle(Shape):
    def __init__(self, r):
        self.r = r

    def area(self):
        return math.pi * self.r ** 2

class Rectangle(Shape):
    def __init__(self, w, h):
        self.w, self.h = w, h

    def area(self):
        return self.w * self.h

for shape in [Circle(1), Rectangle(2, 3)]:
    print(shape.describe(), isinstance(shape, Shape))
