from dataclasses import dataclass, field
from typing import Optional

@dataclass
class Rect:
    w: float
    h: float
    area: float = field(init=False)
    label: Optional[str] = None
    notes: list = field(default_factory=list, repr=False)

    def __post_init__(self):
        if self.w < 0 or self.h < 0:
            raise ValueError("negative")
        self.area = self.w * self.h

print(Rect(2, 3))
try:
    Rect(-1, 1)
except ValueError as e:
    print(e)
