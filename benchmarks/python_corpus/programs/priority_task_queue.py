import heapq
from dataclasses import dataclass, field

@dataclass(order=True)
class Job:
    priority: int
    name: str = field(compare=False)

heap = []
for p, n in [(2, "b"), (1, "a"), (3, "c")]:
    heapq.heappush(heap, Job(p, n))
print([heapq.heappop(heap).name for _ in range(3)])
