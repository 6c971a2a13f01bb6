from enum import Enum

class Level(Enum):
    DEBUG = 10
    INFO = 20
    ERROR = 40

print(Level.INFO, Level.INFO.name, Level.INFO.value, Level(40), Level["DEBUG"])
for level in Level:
    print(level.name.lower(), level.value)
print(Level.INFO is Level.INFO, Level.INFO == Level.ERROR, repr(Level.ERROR), isinstance(Level.INFO, Level))
try:
    Level(99)
except ValueError as e:
    print(e)
