from enum import IntEnum, Enum

class Priority(IntEnum):
    LOW = 1
    HIGH = 3

class Kind(str, Enum):
    FILE = "file"
    DIR = "dir"

print(Priority.HIGH > Priority.LOW, Priority.LOW + 1, sorted([Priority.HIGH, Priority.LOW]))
print(Kind.FILE == "file", Kind("dir"), Kind.DIR.value, int(Priority.HIGH))
