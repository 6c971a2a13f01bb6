# written by qwen2.5-coder-1.5b
# task: Define a base class Shape with subclasses Circle and Rectangle and print their areas.
import math

class Shape:
    def area(self):
        pass

class Circle(Shape):
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * self.radius ** 2

class Rectangle(Shape):
    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height

# Create instances of Circle and Rectangle
circle = Circle(5)
rectangle = Rectangle(4, 6)

# Print the areas
print(f"Circle area: {circle.area()}")
print(f"Rectangle area: {rectangle.area()}")
