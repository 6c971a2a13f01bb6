# written by qwen2.5-coder-1.5b
# task: Define a custom exception InsufficientFunds and a BankAccount class that raises it; show it being caught.
class InsufficientFunds(Exception):
    pass

class BankAccount:
    def __init__(self, balance=0):
        self.balance = balance

    def withdraw(self, amount):
        if amount > self.balance:
            raise InsufficientFunds("Insufficient funds")
        self.balance -= amount

try:
    account = BankAccount(100)
    account.withdraw(150)
except InsufficientFunds as e:
    print(e)
