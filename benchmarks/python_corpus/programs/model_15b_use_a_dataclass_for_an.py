# written by qwen2.5-coder-1.5b
# task: Use a dataclass for an Employee and print employees sorted by salary.
from dataclasses import dataclass
from typing import List

@dataclass
class Employee:
    name: str
    salary: float

def sort_employees_by_salary(employees: List[Employee]) -> List[Employee]:
    return sorted(employees, key=lambda emp: emp.salary)

# Example usage
employees = [
    Employee("Alice", 50000),
    Employee("Bob", 60000),
    Employee("Charlie", 45000)
]

sorted_employees = sort_employees_by_salary(employees)
for emp in sorted_employees:
    print(f"{emp.name}: ${emp.salary}")
