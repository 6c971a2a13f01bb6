from enum import Enum, auto

class Color(Enum):
    RED = auto()
    GREEN = auto()
    BLUE = auto()

    def hex(self):
        return {Color.RED: "#f00", Color.GREEN: "#0f0", Color.BLUE: "#00f"}[self]

    @classmethod
    def parse(cls, text):
        return cls[text.upper()]

print([c.hex() for c in Color], Color.parse("green"), len(Color))
counts = {Color.RED: 2}
print(counts[Color.RED], Color.BLUE in counts)
