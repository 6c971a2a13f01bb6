from typing import Protocol, TypedDict, NamedTuple, Literal

class HasArea(Protocol):
    def area(self) -> float: ...

class Movie(TypedDict):
    title: str
    year: int

class Coord(NamedTuple):
    x: int
    y: int = 0
    def norm1(self):
        return abs(self.x) + abs(self.y)

class Sq:
    def area(self): return 4.0

def total(xs: list[HasArea]) -> float:
    return sum(x.area() for x in xs)

m: Movie = {"title": "Up", "year": 2009}
print(total([Sq()]), m["title"], Movie(title="x", year=1), Coord(1, -2).norm1(), Coord(5))
