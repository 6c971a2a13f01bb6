from dataclasses import dataclass, FrozenInstanceError

@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0

print(Version(1, 2) < Version(1, 10), max(Version(2), Version(1, 9)), {Version(1): "one"}[Version(1)])
try:
    Version(1).major = 3
except FrozenInstanceError as e:
    print("frozen:", e)
