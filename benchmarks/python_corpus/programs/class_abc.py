from abc import ABC, abstractmethod

class Animal(ABC):
    def __init__(self, name):
        self.name = name

    @abstractmethod
    def sound(self):
        ...

    def speak(self):
        print(f"{self.name} says {self.sound()}")

class Dog(Animal):
    def sound(self):
        return "Woof"

class Cat(Animal):
    def __init__(self, name, lives=9):
        super().__init__(name)
        self.lives = lives

    def sound(self):
        return "Meow"

for a in (Dog("Rex"), Cat("Tom")):
    a.speak()
try:
    Animal("x")
except TypeError:
    print("abstract")
