from dataclasses import dataclass

@dataclass
class Employee:
    name: str
    salary: float
    manager: bool = False

    def raise_by(self, percent: float) -> None:
        self.salary *= 1 + percent / 100

staff = [Employee("Ann", 5200), Employee("Bob", 4100, True), Employee("Cy", 4700)]
staff[1].raise_by(10)
for e in sorted(staff, key=lambda e: e.salary, reverse=True):
    print(e)
print(Employee("x", 1) == Employee("x", 1))
