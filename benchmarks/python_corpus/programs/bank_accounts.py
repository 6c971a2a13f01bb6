from abc import ABC, abstractmethod
from datetime import date

class Account(ABC):
    _next_id = 1

    def __init__(self, owner, balance=0):
        self.id = Account._next_id
        Account._next_id += 1
        self.owner = owner
        self._balance = balance
        self.history = []

    @property
    def balance(self):
        return self._balance

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("amount must be positive")
        self._balance += amount
        self.history.append(("deposit", amount))

    @abstractmethod
    def month_end(self):
        pass

class Savings(Account):
    def __init__(self, owner, balance=0, rate=0.01):
        super().__init__(owner, balance)
        self.rate = rate

    def month_end(self):
        self.deposit(self.balance * self.rate)

class Checking(Account):
    FEE = 5

    def month_end(self):
        self._balance -= self.FEE
        self.history.append(("fee", self.FEE))

accounts = [Savings("Ada", 1000), Checking("Bob", 100)]
for a in accounts:
    a.deposit(50)
    a.month_end()
    print(a.id, a.owner, round(a.balance, 2), a.history, type(a).__name__)
