from __future__ import annotations
from typing import Any, Callable, Dict, Generic, List, Optional, Tuple, TypeVar, Union

T = TypeVar("T")

class Box(Generic[T]):
    def __init__(self, value: T) -> None:
        self.value = value
    def map(self, fn: Callable[[T], Any]) -> "Box":
        return Box(fn(self.value))

def first(items: List[T], default: Optional[T] = None) -> Optional[T]:
    return items[0] if items else default

Pair = Tuple[int, str]
def parse(raw: Union[str, bytes]) -> Dict[str, Pair]:
    text = raw.decode() if isinstance(raw, bytes) else raw
    return {text: (len(text), text)}

print(Box(3).map(lambda v: v + 1).value, first([], 9), parse(b"ab"))
