# written by qwen2.5-coder-0.5b
# task: Define a base class Shape with subclasses Circle and Rectangle and print their areas.
class Shape:
    def __init__(self, name):
        self.name = name

    def area(self):
        return 0

class Circle(Shape):
    def __init__(self, name, radius):
        super().__init__(name)
        self.radius = radius

    def area(self):
        return 3.14159 * self.radius ** 2

class Rectangle(Shape):
    def __init__(self, name, length, width):
        super().__init__(name)
        self.length = length
        self.width = width

    def area(self):
        return self.length * self.width

# Example usage
circle = Circle("Circle", 5)
rectangle = Rectangle("Rectangle", 10, 5)

print(circle.area())  # Output: 78.53981633974483
print(rectangle.area())  # Output: 50
