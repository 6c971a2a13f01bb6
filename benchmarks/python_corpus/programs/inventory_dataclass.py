from dataclasses import dataclass, field
from typing import ClassVar

@dataclass
class Item:
    name: str
    price: float
    qty: int = 0
    count: ClassVar[int] = 0

    def __post_init__(self):
        Item.count += 1

    @property
    def total(self):
        return self.price * self.qty

    @classmethod
    def parse(cls, line):
        name, price, qty = line.split(",")
        return cls(name, float(price), int(qty))

items = [Item.parse(l) for l in ["cup,2.5,4", "pot,10,1"]]
print(sum(i.total for i in items), Item.count, max(items, key=lambda i: i.total).name)
