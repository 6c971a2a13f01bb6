class Task:
    def __init__(self, priority, name):
        self.priority = priority
        self.name = name
    def __lt__(self, other):
        return self.priority < other.priority

tasks = [Task(3, "c"), Task(1, "a"), Task(2, "b")]
print([t.name for t in sorted(tasks)], min(tasks).name)
tasks.sort(reverse=True)
print([t.name for t in tasks])
import heapq
heap = []
for t in tasks:
    heapq.heappush(heap, t)
print(heapq.heappop(heap).name)
