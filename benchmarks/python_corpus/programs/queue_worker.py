import queue
q = queue.Queue()
for i in range(3):
    q.put(i)
while not q.empty():
    print(q.get(), q.qsize())
pq = queue.PriorityQueue()
pq.put((2, "b")); pq.put((1, "a"))
print(pq.get())
