"""What the shop sells."""

from dataclasses import dataclass, field


@dataclass
class Product:
    """One thing to buy."""

    name: str
    price: float
    tags: list = field(default_factory=list)

    def discounted(self, percent):
        # TODO: round half up
        return self.price * (1 - percent / 100)


class Category:
    def __init__(self, title, parent=None):
        self.title = title
        self.parent = parent

    def path(self):
        """All titles from the top."""
        if self.parent is None:
            return [self.title]
        return self.parent.path() + [self.title]
