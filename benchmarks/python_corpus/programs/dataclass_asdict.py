import json
from dataclasses import asdict, astuple, dataclass, field, replace, fields

@dataclass
class Item:
    name: str
    qty: int = 1

@dataclass
class Order:
    id: int
    items: list[Item] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(i.qty for i in self.items)

order = Order(7, [Item("cup", 2), Item("pot")])
print(json.dumps(asdict(order)), order.total)
print(astuple(Item("a")), replace(Item("a"), qty=9), [f.name for f in fields(Order)])
