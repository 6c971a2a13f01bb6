class Money:
    def __init__(self, amount, currency="EUR"):
        self.amount, self.currency = amount, currency
    def __str__(self):
        return f"{self.amount:,.2f} {self.currency}"
    def __repr__(self):
        return f"Money({self.amount!r}, {self.currency!r})"
    def __eq__(self, other):
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)
    def __lt__(self, other):
        return self.amount < other.amount
    def __hash__(self):
        return hash((self.amount, self.currency))
prices = [Money(1234.5), Money(3, "USD")]
print(*prices, sep=" / ")
print(prices, f"{min(prices)!s:>12}", Money(3, "USD") in prices, len({Money(1), Money(1)}))
