from dataclasses import dataclass

@dataclass
class Base:
    id: int
    name: str = "?"

@dataclass
class Child(Base):
    extra: float = 0.5

    def label(self):
        return f"{self.id}-{self.name}"

c = Child(1, "c", 2.5)
print(c, c.label(), Child(2))
